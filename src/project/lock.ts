import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { type LockWait, lockFile } from '../lib/process/lock-file.ts'
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
  const { wait, onWait, signal } = options
  const deadline = deadlineIn(wait)
  let holder: LockHolder | null = null
  let told = false
  const onHeld = async (file: FileHandle | null) => {
    if (file === null) return
    holder = await readHolder(file)
    if (!told) onWait?.(holder)
    told = true
  }
  for (;;) {
    await makeFolder(dirname(path))
    const taken = await takeUnlessForeign(path, { limit: deadline.left(), onHeld, signal })
    if (taken === 'held') throw lockedError(path, holder, options)
    // Where the folder was removed since it was made, the holder of the lock destroyed the machine.
    if (taken !== 'gone') return taken
  }
}

/** Posada makes no links in its folders: E_STATE_FOREIGN. */
async function takeUnlessForeign(path: string, wait: LockWait): Promise<FileHandle | 'held' | 'gone'> {
  try {
    return await lockFile(path, wait)
  } catch (error) {
    if (!isErrno(error, 'ELOOP')) throw error
    throw foreign(path, 'is a link to another file; Posada does not make links there')
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
