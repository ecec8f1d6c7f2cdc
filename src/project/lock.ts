import { type FileHandle, mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { isErrno } from '../lib/files/errno.ts'
import { tryLock } from '../lib/native/flock.ts'

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
  /** Told once, when somebody else holds the lock; null where the file does not say who. */
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
    await mkdir(dirname(path), { recursive: true })
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

/** Null where the folder was taken away since it was made: whoever held the lock destroyed the machine. */
async function openUnlessGone(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'a+', 0o600)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
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

/** The holder may be about to write: what cannot be read is nobody known. */
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
