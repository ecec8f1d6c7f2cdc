import { PassThrough, Writable } from 'node:stream'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { exec, type SshSession } from '../../ssh/index.ts'

/** GNU tar's exit code where a file changed while it was read: what it wrote is whole. */
const changedMeanwhile = 1

export interface SendOptions {
  /** The folder of the host. */
  root: string
  /** Relative to it, folders first; see workspacePaths. */
  paths: readonly Buffer[]
  /** The folder of the guest; a relative one is in the home of the login user. Made where it is missing. */
  to: string
  signal: AbortSignal
}

/** Sends files and folders into the guest as one tar archive, with modes and times. E_RUN_WORKSPACE, E_SSH_LOST. */
export async function sendWorkspace(session: SshSession, options: SendOptions): Promise<void> {
  const { root, paths, to, signal } = options
  const list = Buffer.concat(paths.map((path) => Buffer.concat([Buffer.from('./'), path, Buffer.of(0)])))
  const argv = ['--create', `--directory=${root}`, '--file=-', '--no-recursion', '--null', '--files-from=-']
  const packing = execa('tar', argv, {
    input: list,
    buffer: { stdout: false },
    reject: false,
    env: { LC_ALL: 'C' },
    cancelSignal: signal,
  })
  // execa drops what of a program that has ended was not read yet.
  const archive = packing.stdout.pipe(new PassThrough())
  const unpack = 'mkdir -p -- "$1" && exec tar -x -p -f - -C "$1"'
  let said = ''
  const stderr = collect((text) => {
    said += text
  })
  const { code } = await exec(session, ['/bin/sh', '-c', unpack, 'sh', to], {
    stdin: archive,
    stderr,
    signal,
  })
  const packed = await packing
  signal.throwIfAborted()
  if (packed.failed && packed.exitCode !== changedMeanwhile)
    throw failure(root, packed.stderr?.trim() || packed.shortMessage || 'tar failed')
  if (code !== 0) throw failure(to, said.trim() || `tar in the guest ended with ${code}`)
}

/** Bytes of what the guest's tar says. */
const mostSaid = 4096

function collect(add: (text: string) => void): Writable {
  let left = mostSaid
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      add(chunk.toString('utf8', 0, left))
      left = Math.max(0, left - chunk.length)
      done()
    },
  })
}

function failure(value: string, why: string): PosadaError {
  return new PosadaError('E_RUN_WORKSPACE', `the workspace did not reach the machine: ${why}`, {
    value,
    hint: 'name what should stay behind in .posadaignore, or send nothing with --no-workspace',
  })
}
