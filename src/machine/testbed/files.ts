import { createReadStream } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { download, exec, type SshSession } from '../../ssh/index.ts'

/** Runs a command as root, whoever logs in. */
export const asRoot = [
  'sh',
  '-c',
  'if [ "$(id -u)" = 0 ]; then exec "$@"; else exec sudo -n -- "$@"; fi',
  'sh',
]

/** Puts a copy of what is asked for where the login user may read it, and prints where. */
const stageScript = `d=$(mktemp -d) && cp -a -- "$1" "$d/$2" && chown -R "$3" "$d" && chmod -R u+rwX "$d" && printf %s "$d"`

interface RootCopy {
  host: string
  guest: string
  signal: AbortSignal
}

/** Copies a file, or what is in a folder (both paths then end in `/`), from the host to the guest, where root has it. */
export async function copyDown(session: SshSession, { host, guest, signal }: RootCopy): Promise<void> {
  if (!host.endsWith('/')) {
    const stdin = createReadStream(host)
    await root(session, ['sh', '-c', 'cat > "$1"', 'sh', guest], { stdin, signal })
    return
  }
  const tar = execa('tar', ['-C', host, '-c', '.'], { stdin: 'ignore', buffer: false, cancelSignal: signal })
  // Taken at once: what no one reads when its program has ended is lost.
  const stdin = tar.stdout.pipe(new PassThrough())
  const unpack = 'mkdir -p -- "$1" && tar -C "$1" -x --no-same-owner'
  await Promise.all([root(session, ['sh', '-c', unpack, 'sh', guest], { stdin, signal }), tar])
}

/** The same from the guest to the host, of what only root may read, too. The guest is not trusted: see `download`. */
export async function copyUp(session: SshSession, { host, guest, signal }: RootCopy): Promise<void> {
  const words = [guest.replace(/\/+$/, ''), basename(host), session.target.user]
  const staged = await root(session, ['sh', '-c', stageScript, 'sh', ...words], { signal })
  // Into the folder that holds it, where it has the last name of its path.
  await download(session, { from: `${staged}/${basename(host)}`, to: dirname(resolve(host)), signal })
  await root(session, ['rm', '-rf', '--', staged], { signal })
}

/** Runs a command as root and gives what it prints; a PosadaError with its output where it fails. */
export async function root(
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
    hint: 'a testbed needs a login user who may use sudo without a password',
  })
}
