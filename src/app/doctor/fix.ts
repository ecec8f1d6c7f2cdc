import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import type { Check } from './model.ts'

/** The packages that would fix what the checks complain about, each once. */
export function missingPackages(checks: readonly Check[]): string[] {
  const wanted = checks.filter((check) => check.status !== 'ok').flatMap((check) => check.packages ?? [])
  return [...new Set(wanted)].sort()
}

/**
 * The commands that install packages on this host, one after the other. The lists of packages come
 * first: a fresh system has none, an old one names versions that are gone. E_CAPABILITY where there is
 * no apt, E_NO_PERMISSION where there is no way to become root.
 */
export function installCommands(packages: readonly string[]): string[][] {
  if (findProgram('apt-get') === null) {
    throw new PosadaError(
      'E_CAPABILITY',
      'posada doctor --fix installs with apt, which this system does not have',
      {
        value: packages.join(' '),
        hint: `install these with your system's package manager: ${packages.join(' ')}`,
      },
    )
  }
  const commands = [
    ['apt-get', 'update'],
    ['apt-get', 'install', '-y', '--no-install-recommends', ...packages],
  ]
  if (process.getuid?.() === 0) return commands
  if (findProgram('sudo') !== null) return commands.map((command) => ['sudo', ...command])
  throw new PosadaError('E_NO_PERMISSION', 'installing packages needs root, and sudo is not installed', {
    hint: `as root: ${asText(commands)}`,
  })
}

/** The commands as they would be typed. */
export function asText(commands: readonly string[][]): string {
  return commands.map((command) => command.join(' ')).join(' && ')
}

/** Runs a command; its output becomes events. Standard input stays the terminal's, for sudo's password. */
export async function install(command: readonly string[], emit: Emit, signal: AbortSignal): Promise<void> {
  const [program = '', ...args] = command
  const begun = performance.now()
  const step = { type: 'step', step: 'packages', message: command.join(' ') } as const
  emit({ ...step, status: 'start' })
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const child = execa(program, args, {
    stdin: 'inherit',
    buffer: false,
    reject: false,
    env,
    cancelSignal: signal,
  })
  const last: string[] = []
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      last.push(text)
      last.splice(0, Math.max(0, last.length - 50))
      emit({ type: 'output', stream, text, step: 'packages' })
    })
  }
  const { exitCode, failed, shortMessage } = await child
  emit({ ...step, status: failed ? 'fail' : 'done', ms: performance.now() - begun })
  signal.throwIfAborted()
  if (!failed) return
  throw new PosadaError(
    'E_CAPABILITY',
    `the packages could not be installed (exit code ${exitCode ?? shortMessage})`,
    {
      value: command.join(' '),
      details: last.join('').trimEnd().split('\n').slice(-10),
      hint: `run it by hand: ${command.join(' ')}`,
    },
  )
}
