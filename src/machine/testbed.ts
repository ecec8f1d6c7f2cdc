// Not execa: it begins to read at once, and what comes before the guest takes it is lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { PosadaError } from '../errors/index.ts'
import { download, exec, type SshSession } from '../ssh/index.ts'
import { destroy } from './destroy.ts'
import { findReachable, withSession } from './guest/session.ts'
import type { Project } from './project.ts'
import { selectOne } from './select.ts'
import { up } from './up.ts'

/** A machine that others run tests in as root: files in and out, all undone by `revert`. */
export interface Testbed {
  machine: string
  /** Makes the machine. Returns a folder in the guest, the same each time, that everyone may write to. */
  open(): Promise<string>
  /** Makes it again, as it was when it was opened. */
  revert(): Promise<string>
  close(): Promise<void>
  /** Copies a file, or what is in a folder (both paths then end in `/`), from the host to the guest. */
  copyDown(host: string, guest: string): Promise<void>
  copyUp(guest: string, host: string): Promise<void>
}

/** Runs a command as root, whoever logs in. */
export const asRoot = [
  'sh',
  '-c',
  'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n -- "$@"; fi',
  'sh',
]

/** Puts a copy of what is asked for where the login user may read it, and prints where. */
const stageScript = `d=$(mktemp -d) && cp -a -- "$1" "$d/$2" && chown -R "$3" "$d" && chmod -R u+rwX "$d" && printf %s "$d"`

export function testbed(project: Project, wanted: string | undefined): Testbed {
  const { name: machine } = selectOne(project.manifest, wanted)
  const { signal } = project
  let scratch: string | null = null
  const inGuest = async <T>(work: (session: SshSession) => Promise<T>): Promise<T> =>
    withSession(project, await findReachable(project, machine), work)
  const open = async (): Promise<string> => {
    await up(project, { machines: [machine], provision: true })
    return inGuest(async (session) => {
      scratch ??= await root(session, ['mktemp', '-d', '/tmp/autopkgtest.XXXXXX'], { signal })
      await root(session, ['sh', '-c', 'mkdir -p -- "$1" && chmod 1777 -- "$1"', 'sh', scratch], { signal })
      return scratch
    })
  }
  const close = async () => {
    await destroy(project, [])
  }
  return {
    machine,
    open,
    close,
    async revert() {
      await close()
      return open()
    },
    copyDown: (host, guest) =>
      inGuest(async (session) => {
        if (!host.endsWith('/')) {
          const stdin = createReadStream(host)
          await root(session, ['sh', '-c', 'cat > "$1"', 'sh', guest], { stdin, signal })
          return
        }
        const tar = spawn('tar', ['-C', host, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
        const ended = once(tar, 'close')
        const unpack = 'mkdir -p -- "$1" && tar -C "$1" -x --no-same-owner'
        await root(session, ['sh', '-c', unpack, 'sh', guest], { stdin: tar.stdout, signal }).finally(() =>
          tar.kill(),
        )
        const [code] = await ended
        if (code !== 0)
          throw new PosadaError('E_COPY', `tar cannot read ${host}`, {
            value: host,
            hint: 'see what it says above',
          })
      }),
    copyUp: (guest, host) =>
      inGuest(async (session) => {
        const words = [guest.replace(/\/+$/, ''), basename(host), session.target.user]
        const staged = await root(session, ['sh', '-c', stageScript, 'sh', ...words], { signal })
        // Into the folder that holds it, where it has the last name of its path.
        await download(session, { from: `${staged}/${basename(host)}`, to: dirname(resolve(host)), signal })
        await root(session, ['rm', '-rf', '--', staged], { signal })
      }),
  }
}

/** Runs a command as root and gives what it prints; a PosadaError with its output where it fails. */
async function root(
  session: SshSession,
  command: readonly string[],
  options: { stdin?: Readable; signal: AbortSignal },
): Promise<string> {
  const printed: Buffer[] = []
  const collect = (into: Buffer[]) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        into.push(chunk)
        done()
      },
    })
  const said: Buffer[] = []
  const streams = { ...options, stdout: collect(printed), stderr: collect(said) }
  const { code } = await exec(session, [...asRoot, ...command], streams)
  if (code === 0) return Buffer.concat(printed).toString().trim()
  throw new PosadaError('E_COPY', `${command[0]} failed in the guest (exit code ${code})`, {
    value: command.join(' '),
    machine: session.target.hostAlias,
    details: Buffer.concat(said).toString().trimEnd().split('\n').slice(-5),
    hint: 'a test bed needs a login user who may use sudo without a password',
  })
}
