import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { isPosadaError } from '../../errors/index.ts'
import { type AnyPath, below } from '../../lib/files/byte-path.ts'
import { capture } from '../capture.ts'
import type { GuestShells } from '../session.ts'
import { explainHost, guestError, hostError, notAccessible } from './errors.ts'
import { guestPath } from './guest-path.ts'
import { problemMark, sweepScript, takeFileScript, unpackScript } from './guest-tar.ts'
import { type HostFiles, hostFiles } from './host-files.ts'
import { type CopyOptions, type CopyResult, Progress, type Way } from './options.ts'
import { type Packing, pack } from './pack.ts'

/** GNU tar's exit code where a file changed while it was read. */
const changedMeanwhile = 1
/** Milliseconds for tar to end by itself, when the guest takes nothing further. */
const patience = 2000

/**
 * Copies a file or a folder of the host into the guest, as the login user. Into `to` where that is a
 * folder, else under that name, as cp does; `~` and relative paths are in the user's home. Modes and
 * times are kept, links in a folder stay links. A file is there whole or not at all: it is written
 * under another name and renamed. Throws E_COPY, E_SSH_LOST, or the signal's reason.
 */
export async function upload(
  session: GuestShells,
  { from, ...options }: CopyOptions & Way,
): Promise<CopyResult> {
  options.signal?.throwIfAborted()
  const files = await hostFiles(from)
  return sendFiles(session, files, options)
}

export interface SendFilesOptions extends CopyOptions {
  to: AnyPath
  /** What comes is to be `to` itself, and not below it. */
  itself?: boolean
}

/** The same for files that were looked up before. */
export async function sendFiles(
  session: GuestShells,
  files: HostFiles,
  options: SendFilesOptions,
): Promise<CopyResult> {
  const { to } = options
  const progress = new Progress(options)
  progress.total = files.bytes
  const temporary = `.posada-${randomBytes(8).toString('hex')}.tmp`
  const isFile = files.kind === 'file'
  const last = lastMember(files)
  const packing = pack(files, isFile ? { as: temporary } : { last })
  const counted = counting(progress)
  packing.stdout.pipe(counted)
  const mode = options.itself === true ? '.' : to.toString().endsWith('/') ? '/' : ''
  const args = [guestPath(to), files.name, temporary, mode, last]
  try {
    const { code, stderr } = await capture(
      session,
      { script: isFile ? takeFileScript : unpackScript, args },
      {
        stdin: counted,
        env: { LC_ALL: 'C' },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
    )
    if (code === 0) {
      progress.finish(files.files, files.bytes)
      return progress.result
    }
    throw (await packingFailure(packing, files)) ?? unpackingFailure(session, to, stderr)
  } catch (error) {
    if (options.signal?.aborted === true) await sweep(session, args)
    throw error
  } finally {
    packing.kill()
    // What it has written already would be waited for.
    packing.stdout.destroy()
    await packing.ended
  }
}

/** A guest that cannot be reached any longer keeps it: the failure that led here is the one to tell. */
async function sweep(session: GuestShells, args: readonly AnyPath[]): Promise<void> {
  try {
    await capture(session, { script: sweepScript, args })
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
  }
}

/** A folder of Posada's own ends the archive, so that one that was cut off is known by it. */
function lastMember({ name }: HostFiles): string {
  return name.toString() === 'bin' ? 'dist' : 'bin'
}

function counting(progress: Progress): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        progress.upTo(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
}

/** What the host's tar had to say, where it was the one that failed. */
async function packingFailure(packing: Packing, { parent, name }: HostFiles): Promise<unknown> {
  const timer = setTimeout(() => packing.kill(), patience)
  packing.stdout.resume()
  const { code: exitCode, error, stderr } = await packing.ended
  clearTimeout(timer)
  if (error?.code === 'ENOENT')
    return hostError(parent, {
      why: 'cannot be copied: this host has no tar',
      hint: 'install the package tar',
      cause: error,
    })
  if (error !== null) return explainHost(parent, error)
  if (exitCode === null || exitCode === 0 || exitCode === changedMeanwhile) return null
  const [, path, why] = /^tar: (.*): (?:Cannot \w+|.*): ([A-Z].*)$/m.exec(stderr) ?? []
  const code = why === 'Permission denied' ? 'EACCES' : why === 'No such file or directory' ? 'ENOENT' : 'EIO'
  const cause = Object.assign(new Error(stderr), {
    code,
    syscall: 'open',
    path: join(parent.toString(), path ?? name.toString()),
  })
  return explainHost(below(parent, name), cause)
}

const problems: Record<string, [why: string, hint: string]> = {
  slash: ['is not a folder', 'create it first, or leave out the slash'],
  parent: ['does not exist', 'create the folder first'],
  folder: ['is a folder', 'copy to another name'],
  file: ['already exists and is not a folder', 'remove it, or copy to another place'],
  make: ['cannot be written', 'files are copied as the login user'],
  short: ['arrived incomplete', 'copy it again'],
  tool: ['is not installed in the guest', 'install the package tar there'],
}

function unpackingFailure(session: GuestShells, to: AnyPath, said: string): Error {
  const [, word = '', path = to.toString()] = new RegExp(`^${problemMark} (\\w+) (.*)$`, 'm').exec(said) ?? []
  if (/No space left on device|Disk quota exceeded|Wrote only \d+ of/.test(said))
    return guestError(session, path, {
      why: 'cannot be written: the disk is full',
      hint: 'free some space there',
    })
  if (/Permission denied|Read-only file system/.test(said)) return notAccessible(session, path)
  const [why, hint] = problems[word] ?? [
    `cannot be copied (${lastLine(said)})`,
    'does something else have that name?',
  ]
  return guestError(session, path, { why, hint })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
}
