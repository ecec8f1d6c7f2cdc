import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { tryLock } from '../lib/native/flock.ts'
import { foreign } from './seal.ts'

/** Who holds a lock, as they wrote it into the lock file. */
export interface LockHolder {
  pid: number
  /** `posada up`. */
  command: string
  /** ISO 8601. */
  since: string
}

export interface LockOptions {
  /** What the holder is doing, for whoever waits: `posada up`. */
  command: string
  /** Milliseconds to wait for another holder; then E_LOCKED. */
  wait: number
  /** Told once, when another process holds the lock; null where the file does not say which. */
  onWait?: (holder: LockHolder | null) => void
  signal?: AbortSignal
  /** The machine, for the error. */
  machine?: string
}

const POLL = 100

/**
 * Does `work` while holding the lock file at `path`. The kernel frees the lock when this process
 * ends, however it ends; the file's presence means nothing. `work` may delete the file.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const file = await acquire(path, options)
  try {
    await writeHolder(file, { pid: process.pid, command: options.command, since: new Date().toISOString() })
    return await work()
  } finally {
    await file.close()
  }
}

async function acquire(path: string, options: LockOptions): Promise<FileHandle> {
  const deadline = deadlineIn(options.wait)
  let told = false
  for (;;) {
    options.signal?.throwIfAborted()
    await makeFolder(dirname(path))
    const file = await openUnlessGone(path)
    if (file === null) continue
    if (tryLock(file.fd)) {
      if (await isStillAt(path, file)) return file
      await file.close() // the holder deleted it: this lock guards nothing
      continue
    }
    const holder = await readHolder(file)
    await file.close()
    if (!told) options.onWait?.(holder)
    told = true
    if (deadline.isOver()) throw lockedError(path, holder, options)
    await sleep(POLL, options.signal)
  }
}

/**
 * Null where the folder was removed since it was made: the holder of the lock destroyed the machine. What is written
 * into the file must not end up in another: links are refused with E_STATE_FOREIGN.
 */
async function openUnlessGone(path: string): Promise<FileHandle | null> {
  try {
    const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
    const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
    const found = await file.stat()
    if (found.isFile() && found.nlink <= 1) return file
    await file.close()
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    if (!isErrno(error, 'ELOOP', 'ENXIO')) throw error
  }
  throw foreign(path, 'leads to another file; Posada makes no links there')
}

async function isStillAt(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [there, held] = await Promise.all([stat(path), file.stat()])
    return there.ino === held.ino && there.dev === held.dev
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

/** On a full disk whoever waits is not told who holds the lock; `destroy` has to work there above all. */
async function writeHolder(file: FileHandle, holder: LockHolder): Promise<void> {
  try {
    await file.truncate(0)
    await file.write(JSON.stringify(holder), 0)
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error
  }
}

/** The holder may be about to write: what cannot be read names no process. */
async function readHolder(file: FileHandle): Promise<LockHolder | null> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(512), position: 0 })
  try {
    const value = JSON.parse(buffer.toString('utf8', 0, bytesRead)) as Partial<LockHolder>
    if (typeof value.pid !== 'number' || typeof value.command !== 'string') return null
    return { pid: value.pid, command: value.command, since: String(value.since) }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** `posada up (pid 4711, since 2026-11-22T10:00:00.000Z)`. */
export function describeHolder(holder: LockHolder | null): string {
  if (holder === null) return 'another process'
  return `${holder.command} (pid ${holder.pid}, since ${holder.since})`
}

function lockedError(path: string, holder: LockHolder | null, options: LockOptions): PosadaError {
  const who = describeHolder(holder)
  const what = options.machine === undefined ? 'the project' : `machine ${options.machine}`
  return new PosadaError('E_LOCKED', `${what} is being worked on by ${who}`, {
    value: path,
    hint: holder === null ? 'wait for it to end' : `wait for it to end, or stop it: kill ${holder.pid}`,
    ...(options.machine === undefined ? {} : { machine: options.machine }),
  })
}
