import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { sleep } from '../async/sleep.ts'
import { deadlineIn } from '../async/time-limit.ts'
import { isErrno } from '../files/errno.ts'
import { tryLock } from '../native/flock.ts'

export interface LockWait {
  /** Milliseconds to wait for whoever holds it. Left out: not at all. */
  limit?: number
  /**
   * Called each time that another has it, with the open file, where the holder may have written who it is; null: the
   * holder deleted the file and let go of it just now.
   */
  onHeld?: (file: FileHandle | null) => Promise<void> | void
  signal?: AbortSignal | undefined
}

/** Milliseconds between two attempts. */
const poll = 100

/**
 * Takes the lock file at `path`, which is made where it is missing, and returns it open for reading and appending. The
 * lock lasts until it is closed or this process ends, however that ends; the file's presence means nothing, and its
 * holder may delete it. `held`: another still had it when the time was over. `gone`: its folder is not there.
 *
 * Links are not followed, as what is written into a lock must not end up in another file: ELOOP. A file system that
 * refuses locks: an error of the system call `flock` with the path. Source: flock(2).
 */
export async function lockFile(path: string, wait: LockWait = {}): Promise<FileHandle | 'held' | 'gone'> {
  const { limit = 0, onHeld, signal } = wait
  const deadline = deadlineIn(limit)
  for (;;) {
    signal?.throwIfAborted()
    const file = await openLockFile(path)
    if (file === null) return 'gone'
    const found = await attempt(path, file, onHeld)
    if (found === 'ours') return file
    await file.close()
    if (found === 'deleted') continue
    if (deadline.isOver()) return 'held'
    await sleep(Math.min(poll, deadline.left()), signal)
  }
}

/** A lock on a file that its holder deleted guards nothing. Where this throws, the file is closed. */
async function attempt(
  path: string,
  file: FileHandle,
  onHeld: LockWait['onHeld'],
): Promise<'ours' | 'held' | 'deleted'> {
  try {
    const isOurs = tryLock(file.fd, path)
    if (isOurs && (await isStillAt(path, file))) return 'ours'
    await onHeld?.(isOurs ? null : file)
    return isOurs ? 'deleted' : 'held'
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Whether another has the lock file at `path` now. */
export async function isLocked(path: string): Promise<boolean> {
  const lock = await lockFile(path)
  if (lock === 'held') return true
  if (lock !== 'gone') await lock.close()
  return false
}

const forever = new Set<FileHandle>()

/** Keeps a lock for the rest of this process's life: a file that no one refers to any more would be closed. */
export function keepLock(file: FileHandle): void {
  forever.add(file)
}

async function openLockFile(path: string): Promise<FileHandle | null> {
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    const file = await open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600)
    const found = await file.stat()
    if (found.isFile() && found.nlink <= 1) return file
    await file.close()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    if (!isErrno(error, 'ENXIO')) throw error
  }
  throw Object.assign(new Error(`ELOOP: not a file of its own, '${path}'`), { code: 'ELOOP', path })
}

async function isStillAt(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [there, held] = await Promise.all([stat(path), file.stat()])
    return there.ino === held.ino && there.dev === held.dev
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}
