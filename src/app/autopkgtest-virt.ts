import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { PosadaError } from '../errors/index.ts'
import { asRoot, type Testbed, testbed } from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import { onTerminal } from './on-terminal.ts'
import { startWatchdog } from './run/launch-watchdog.ts'
import { type OpenRunOptions, withRun } from './run/open-run.ts'

export interface VirtServerOptions {
  open: OpenRunOptions
  /** The machine of the manifest; its only one by default. */
  machine: string | undefined
  input: Readable
  write(text: string): void
  /** How this program is started: an absolute path and arguments. */
  program: readonly string[]
}

/** Source: autopkgtest 5.28, README.virtualisation-server, "capabilities". */
const capabilities = ['reboot', 'revert', 'revert-full-system', 'root-on-testbed', 'isolation-machine']

/**
 * Serves autopkgtest's protocol for virtualisation servers on `input` and `write`, with a throw-away machine for its test
 * bed. Returns after `quit`; throws where the other side breaks the protocol, goes away, or a command fails.
 */
export async function autopkgtestVirt({ open, machine, program, ...ends }: VirtServerOptions): Promise<void> {
  startWatchdog(open.env, userPaths(open.env).runs)
  await withRun(
    open,
    async (project, folder) => {
      const bed = testbed(project, machine)
      const file = `${folder.path}/posada.yaml`
      const exec = (...flags: string[]) => [
        ...program,
        ...['exec', '--as-ssh', ...flags, '--file', file, bed.machine, '--', ...asRoot],
      ]
      const shell = async (command: readonly string[]) => {
        const problem = await onTerminal([...exec('--tty'), ...command])
        if (problem !== null) open.emit({ type: 'notice', level: 'warn', message: `no shell: ${problem}` })
      }
      await serve(bed, exec(), { ...ends, shell })
    },
    () => false,
  )
}

export interface ServeOptions extends Pick<VirtServerOptions, 'input' | 'write'> {
  /** Runs a command in the guest, as root, on the user's terminal to its end. */
  shell(command: readonly string[]): Promise<void>
}

/** The protocol itself. `exec` runs the command that follows it in the guest, as root. */
export async function serve(
  bed: Testbed,
  exec: readonly string[],
  { input, write, shell }: ServeOptions,
): Promise<void> {
  let isOpen = false
  const opened = async (scratch: Promise<string>) => {
    const path = await scratch
    isOpen = true
    return [path]
  }
  const answer = async ([name = '', ...args]: string[]): Promise<string[]> => {
    if (name === 'capabilities') return capabilities
    // It has failed, and asks what is known of that: nothing beyond what was said.
    if (name === 'auxverb_debug_fail') return []
    if (name === 'open' && !isOpen) return opened(bed.open())
    if (!isOpen) throw broken(`${name} is not possible while the testbed is closed`, name)
    const [from, to] = args
    if (name === 'revert') return opened(bed.revert())
    if (name === 'reboot') {
      // The document promises the path; the program takes none.
      await bed.reboot(from === 'prepare-only' ? 'by itself' : 'asked')
      return []
    }
    if (name === 'print-execute-command') return [exec.map(encodeURIComponent).join(',')]
    if (name === 'shell') {
      await shell(['sh', '-c', shellScript, 'sh', from ?? '/', ...args.slice(1).map(unquoted)])
      return []
    }
    if ((name === 'copydown' || name === 'copyup') && from !== undefined && to !== undefined) {
      if (from.endsWith('/') !== to.endsWith('/'))
        throw broken('source and target must both be folders, or neither', `${from} ${to}`)
      await (name === 'copydown' ? bed.copyDown(from, to) : bed.copyUp(from, to))
      return []
    }
    if (name !== 'close') throw broken(`${JSON.stringify(name)} is not a command of the protocol`, name)
    await bed.close()
    isOpen = false
    return []
  }
  write('ok\n')
  for await (const line of createInterface({ input })) {
    const words = line.split(/\s+/).filter((word) => word !== '')
    const [name] = words
    if (name === undefined) continue
    if (name === 'quit') return write('ok\n')
    write(`${['ok', ...(await answer(words.map(decoded)))].join(' ')}\n`)
  }
  throw broken('autopkgtest ended without saying quit', '')
}

/** A shell in folder `$1`, with the variables that follow in its environment. */
const shellScript =
  'cd -- "$1" || cd /; shift; for e; do export "$e"; done; command -v bash >/dev/null && exec bash -i; exec sh -i'

/** A variable as it is written for a shell, `NAME="VALUE"`: source: autopkgtest 5.28, VirtSubproc.py. */
function unquoted(variable: string): string {
  return variable.replace(/="(.*)"$/, '=$1')
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch (error) {
    if (error instanceof URIError) throw broken('a word is not URL-encoded', word)
    throw error
  }
}

function broken(message: string, value: string): PosadaError {
  return new PosadaError('E_USAGE', message, {
    value,
    hint: 'this command is for autopkgtest: autopkgtest PACKAGE -- "$(command -v posada)" autopkgtest-virt --box debian/12',
  })
}
