import { chmod, type FileHandle, lstat, mkdir, open, rename, rm, stat, symlink } from 'node:fs/promises'
import { dirname, join, posix, resolve } from 'node:path'
import { pool } from '../../lib/async/pool.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { sweepWork, workName } from '../../lib/process/work-folder.ts'
import type { SshSession } from '../session.ts'
import { explainGuest, explainHost, hostError } from './errors.ts'
import { guestPath } from './guest-path.ts'
import { type GuestFile, walkGuest } from './guest-walk.ts'
import { CHUNK, type CopyOptions, type CopyResult, FILES, Progress, REQUESTS, type Way } from './options.ts'
import { openSftp, type Sftp } from './sftp.ts'

/** A file while it is written, beside its place; what a copy left that was killed is removed by the next into that folder. */
const temporaries = { prefix: '.posada-', suffix: '.tmp' }
/** Bytes that are read of a file whose size the guest gives as 0, as /proc does. */
const UNSIZED_LIMIT = 64 * 1024 * 1024

/**
 * Copies a file or a folder of the guest to the host; the counterpart of `upload`. The guest is not
 * trusted: names that are not plain are refused, nothing is written through a link, no more than that is
 * read than the size that was given, set-user-id bits are dropped, and links that lead out of the
 * folder are left out (`skipped`). Throws E_COPY, E_SSH_LOST, or the signal's reason.
 */
export function download(
  session: SshSession,
  { from, to, ...options }: CopyOptions & Way,
): Promise<CopyResult> {
  return downloadEach(session, [{ from, to }], options)
}

/** The same for several, one after the other, over a single channel. */
export async function downloadEach(
  session: SshSession,
  ways: readonly Way[],
  options: CopyOptions = {},
): Promise<CopyResult> {
  options.signal?.throwIfAborted()
  const progress = new Progress(options)
  const sftp = await openSftp(session, options.signal)
  try {
    for (const { from, to } of ways) await new Downloader(session, sftp, progress).run(guestPath(from), to)
    return progress.result
  } finally {
    sftp.end()
  }
}

class Downloader {
  readonly #session: SshSession
  readonly #sftp: Sftp
  readonly #progress: Progress

  constructor(session: SshSession, sftp: Sftp, progress: Progress) {
    this.#session = session
    this.#sftp = sftp
    this.#progress = progress
  }

  async run(from: string, written: string): Promise<void> {
    const found = await walkGuest(this.#session, from, {
      sftp: this.#sftp,
      onFolder: () => this.#progress.add(0),
    })
    const { files, folders, links } = found
    this.#progress.result.skipped.push(...found.skipped)
    this.#progress.total = files.reduce((sum, file) => sum + file.size, 0)
    const to = await this.#destination(from, written)
    const at = (name: string) => (name === '' ? to : join(to, name))
    for (const folder of folders)
      await onHost(at(folder.name), () => makeFolder(at(folder.name), folder.name === ''))
    const into = [dirname(to), ...folders.map(({ name }) => at(name))]
    for (const folder of into) await onHost(folder, () => sweepWork(folder, temporaries))
    await pool(FILES, files, (file) => this.#file(file, at(file.name)))
    for (const { name, target } of links) await onHost(at(name), () => makeLink(target, at(name)))
    for (const { name, mode } of folders.reverse()) await onHost(at(name), () => chmod(at(name), mode))
  }

  async #destination(from: string, written: string): Promise<string> {
    const there = await onHost(written, () => statIfThere(written))
    if (there?.isDirectory()) {
      const name = posix.basename(from)
      return name === '' || name === '.' || name === '..' ? written : join(written, name)
    }
    if (written.endsWith('/'))
      throw hostError(written, { why: 'is not a folder', hint: 'create it first, or leave out the slash' })
    return resolve(written)
  }

  async #file(file: GuestFile, to: string): Promise<void> {
    const temporary = join(dirname(to), await workName(temporaries))
    const target = await onHost(to, () => open(temporary, 'wx', 0o600))
    try {
      try {
        await this.#content(file, target, to)
        await onHost(to, async () => {
          await target.chmod(file.mode)
          await target.utimes(file.mtime, file.mtime)
          await target.sync()
        })
      } finally {
        await target.close()
      }
      await onHost(to, () => rename(temporary, to))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    this.#progress.result.files++
  }

  async #content(file: GuestFile, target: FileHandle, to: string): Promise<void> {
    try {
      const handle = await this.#sftp.open(file.path)
      const limit = file.size === 0 ? UNSIZED_LIMIT : file.size
      await pool(file.size === 0 ? 1 : REQUESTS, pieces(limit), async ({ position, length, last }) => {
        const count = await this.#piece(handle, target, { position, length, to })
        if (count < length) last()
      })
      await this.#sftp.close(handle)
    } catch (error) {
      throw explainGuest(this.#session, file.path, error)
    }
  }

  /** Reads until the piece is full or the file ends, and stores it. */
  async #piece(
    handle: Buffer,
    target: FileHandle,
    { position, length, to }: { position: number; length: number; to: string },
  ): Promise<number> {
    const buffer = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const count = await this.#sftp.read(handle, buffer.subarray(filled), position + filled)
      if (count === 0) break
      filled += count
    }
    await onHost(to, () => target.write(buffer, 0, filled, position))
    this.#progress.add(filled)
    return filled
  }
}

/** The pieces of a file, until its size or until one was found to be the last. */
function* pieces(size: number): Generator<{ position: number; length: number; last: () => void }> {
  let ended = false
  const last = () => {
    ended = true
  }
  for (let position = 0; position < size && !ended; position += CHUNK) {
    yield { position, length: Math.min(CHUNK, size - position), last }
  }
}

/** A link in the way is not followed: the guest may have put it there with an earlier copy. */
async function makeFolder(path: string, top: boolean): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
    const there = top ? await stat(path) : await lstat(path)
    if (!there.isDirectory())
      throw hostError(path, {
        why: 'already exists and is not a folder',
        hint: 'remove it, or copy to another place',
      })
    await chmod(path, 0o700)
  }
}

async function makeLink(target: string, path: string): Promise<void> {
  const temporary = join(dirname(path), await workName(temporaries))
  await symlink(target, temporary)
  await rename(temporary, path)
}

async function statIfThere(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

async function onHost<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explainHost(path, error)
  }
}
