import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, readdir, readlink, stat } from 'node:fs/promises'
import { basename, join, posix, resolve } from 'node:path'
import { pool } from '../../lib/async/pool.ts'
import { quote } from '../quote.ts'
import type { SshSession } from '../session.ts'
import { explainGuest, explainHost, guestError, hostError } from './errors.ts'
import { guestPath } from './guest-path.ts'
import { CHUNK, type CopyOptions, type CopyResult, FILES, Progress, REQUESTS } from './options.ts'
import { openSftp, type Sftp, status } from './sftp.ts'

interface Item {
  from: string
  to: string
  size: number
  mode: number
  /** Seconds since 1970. */
  mtime: number
}

interface Plan {
  folders: { to: string; mode: number }[]
  files: Item[]
  links: { to: string; target: string }[]
}

/**
 * Copies a file or a folder of the host into the guest, as the login user. Into `to` where that is a
 * folder, else under that name, as cp does; `~` and relative paths are in the user's home. Modes and
 * times are kept, links in a folder stay links. A file is there whole or not at all: it is written
 * under another name and renamed. Throws E_COPY, E_SSH_LOST, or the signal's reason.
 */
export async function upload(
  session: SshSession,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  options.signal?.throwIfAborted()
  const progress = new Progress(options)
  const sftp = await openSftp(session, options.signal)
  try {
    const uploader = new Uploader(session, sftp, progress)
    await uploader.run(from, await uploader.destination(from, to))
    return progress.result
  } finally {
    sftp.end()
  }
}

class Uploader {
  readonly #session: SshSession
  readonly #sftp: Sftp
  readonly #progress: Progress

  constructor(session: SshSession, sftp: Sftp, progress: Progress) {
    this.#session = session
    this.#sftp = sftp
    this.#progress = progress
  }

  async destination(from: string, written: string): Promise<string> {
    const to = guestPath(written)
    const there = await this.#find(to)
    if (there?.isDirectory()) return posix.join(to, basename(resolve(from)))
    if (written.endsWith('/')) {
      throw guestError(this.#session, to, 'is not a folder', 'make it first, or leave the slash out')
    }
    const folder = posix.dirname(to)
    if (there === null && (await this.#find(folder)) === null) {
      const hint = `make the folder first: posada exec ${this.#session.target.hostAlias} -- mkdir -p ${quote(folder)}`
      throw guestError(this.#session, folder, 'does not exist', hint)
    }
    return to
  }

  /** Null where there is nothing of this name. */
  #find(path: string) {
    return this.#sftp
      .stat(path)
      .catch((error: Error & { code?: number }) => {
        if (error.code === status.noSuchFile) return null
        throw error
      })
      .catch(async (error: unknown) => {
        throw await explainGuest(this.#session, this.#sftp, path, error)
      })
  }

  async run(from: string, to: string): Promise<void> {
    const plan = await planUpload(from, to).catch((error: unknown) => {
      throw explainHost(from, error)
    })
    this.#progress.total = plan.files.reduce((sum, file) => sum + file.size, 0)
    for (const folder of plan.folders)
      await this.#guest(folder.to, () => this.#folder(folder.to, folder.mode))
    await pool(FILES, plan.files, (item) => this.#file(item))
    for (const { to: path, target } of plan.links) await this.#guest(path, () => this.#link(target, path))
    // Last, for a folder that its owner may not write to could not be filled.
    for (const { to: path, mode } of plan.folders.reverse()) {
      await this.#guest(path, () => this.#sftp.chmod(path, mode))
    }
  }

  async #folder(path: string, mode: number): Promise<void> {
    this.#progress.add(0)
    try {
      await this.#sftp.makeFolder(path, { mode: mode | 0o700 })
    } catch (error) {
      const there = await this.#sftp.stat(path).catch(() => null)
      if (!there?.isDirectory()) throw error
    }
  }

  async #link(target: string, path: string): Promise<void> {
    const temporary = temporaryName(path)
    await this.#sftp.link(target, temporary)
    await this.#sftp.rename(temporary, path)
  }

  async #file(item: Item): Promise<void> {
    const temporary = temporaryName(item.to)
    const source = await open(item.from, 'r').catch((error: unknown) => {
      throw explainHost(item.from, error)
    })
    try {
      await this.#guest(item.to, async () => {
        const handle = await this.#sftp.open(temporary, 'wx', { mode: 0o600 })
        try {
          await this.#content(source, item, handle)
          const times = { atime: item.mtime, mtime: item.mtime }
          await this.#sftp.setAttributes(handle, { mode: item.mode, ...times })
          await this.#sftp.close(handle)
          await this.#sftp.rename(temporary, item.to)
        } catch (error) {
          const failure = await explainGuest(this.#session, this.#sftp, item.to, error)
          await this.#sftp.remove(temporary).catch(() => undefined) // the failure at hand is the one to tell
          throw failure
        }
      })
      this.#progress.result.files++
    } finally {
      await source.close()
    }
  }

  async #content(source: FileHandle, item: Item, handle: Buffer): Promise<void> {
    await pool(REQUESTS, chunks(source, item), async ({ data, position }) => {
      await this.#sftp.write(handle, data, position)
      this.#progress.add(data.length)
    })
  }

  async #guest<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw await explainGuest(this.#session, this.#sftp, path, error)
    }
  }
}

async function* chunks(source: FileHandle, item: Item): AsyncGenerator<{ data: Buffer; position: number }> {
  let position = 0
  for (;;) {
    const { buffer, bytesRead } = await source
      .read({ buffer: Buffer.allocUnsafe(16 * CHUNK), position })
      .catch((error: unknown) => {
        throw explainHost(item.from, error)
      })
    if (bytesRead === 0) return
    for (let at = 0; at < bytesRead; at += CHUNK) {
      yield { data: buffer.subarray(at, Math.min(at + CHUNK, bytesRead)), position: position + at }
    }
    position += bytesRead
  }
}

async function planUpload(from: string, to: string): Promise<Plan> {
  const plan: Plan = { folders: [], files: [], links: [] }
  const there = await stat(from)
  if (there.isFile()) plan.files.push(item(from, to, there))
  else if (there.isDirectory()) await planFolder(plan, from, to, there.mode)
  else throw hostError(from, 'is neither a file nor a folder', 'only files, folders and links are copied')
  return plan
}

async function planFolder(plan: Plan, from: string, to: string, mode: number): Promise<void> {
  plan.folders.push({ to, mode: mode & 0o777 })
  for (const name of await readdir(from)) {
    const [source, target] = [join(from, name), posix.join(to, name)]
    const there = await lstat(source)
    if (there.isSymbolicLink()) plan.links.push({ to: target, target: await readlink(source) })
    else if (there.isFile()) plan.files.push(item(source, target, there))
    else if (there.isDirectory()) await planFolder(plan, source, target, there.mode)
    else throw hostError(source, 'is neither a file nor a folder', 'only files, folders and links are copied')
  }
}

function item(from: string, to: string, there: { size: number; mode: number; mtimeMs: number }): Item {
  return { from, to, size: there.size, mode: there.mode & 0o777, mtime: Math.floor(there.mtimeMs / 1000) }
}

function temporaryName(path: string): string {
  return posix.join(posix.dirname(path), `.posada-${randomBytes(8).toString('hex')}.tmp`)
}
