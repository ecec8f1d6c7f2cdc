import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { readTextIfThere } from '../lib/files/write-file.ts'
import { hostBootId } from '../lib/process/boot-id.ts'
import { keepLock, lockFile } from '../lib/process/lock-file.ts'
import {
  hasEnded,
  isAlive,
  type ProcessIdentity,
  processIdentity,
  terminate,
} from '../lib/process/process-identity.ts'
import { asObject } from '../lib/values/as-object.ts'

/** Who holds a background process's lock, as it wrote into the file. */
export interface LockHolder {
  identity: ProcessIdentity
  /** The control socket that it listens at. */
  control: string
}

/** Milliseconds for a process to end by itself when it is told to, and once it is killed. */
const patience = { asked: 3000, killed: 5000 }

/**
 * Takes the lock at `path` for the rest of this process's life and writes into it who has it, so that the
 * process is found and ended also where its socket is gone or no longer answers. False: another has it.
 */
export async function holdLock(path: string, control: string): Promise<boolean> {
  const file = await lockFile(path)
  if (file === 'held') return false
  if (file === 'gone') throw new PosadaError('E_CONTROL', `${dirname(path)} was removed`, { value: path })
  keepLock(file)
  const identity = await processIdentity(process.pid)
  const record = { ...identity, control, boot: await hostBootId(), inode: inodeOf(await file.stat()) }
  await file.truncate()
  await file.write(JSON.stringify(record))
  return true
}

/**
 * Who held the lock last, whether that process lives or not; null where no one did, or what stands there makes no
 * sense. A lock that came with a copied folder is another project's, and so is what held the original.
 */
export async function lastHolder(path: string): Promise<LockHolder | null> {
  return (await readRecord(path))?.holder ?? null
}

/** The process that holds the lock now; null where none does. */
export async function lockHolder(path: string): Promise<LockHolder | null> {
  const record = await readRecord(path)
  if (record === null || record.boot !== (await hostBootId())) return null
  return (await isAlive(record.holder.identity)) ? record.holder : null
}

/** Ends the process that holds the lock, where one does: it is asked, then killed. E_CONTROL where neither helps. */
export async function endHolder(path: string): Promise<void> {
  const { identity } = (await lockHolder(path)) ?? { identity: null }
  if (identity === null) return
  await terminate(identity, 'SIGTERM')
  if (await hasEnded(identity, patience.asked)) return
  await terminate(identity, 'SIGKILL')
  if (await hasEnded(identity, patience.killed)) return
  throw new PosadaError('E_CONTROL', `process ${identity.pid} does not end`, {
    value: path,
    hint: `it waits for the kernel, a disk perhaps; see what it is at: ps -o stat,wchan= ${identity.pid}`,
  })
}

async function readRecord(path: string) {
  const { pid, startTime, control, boot, inode } = parse((await readTextIfThere(path)) ?? '')
  if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof control !== 'string') return null
  if (inode !== (await inodeAt(path))) return null
  return { holder: { identity: { pid, startTime }, control }, boot }
}

function parse(text: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

async function inodeAt(path: string): Promise<string | null> {
  try {
    return inodeOf(await stat(path))
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

function inodeOf({ ino }: { ino: number }): string {
  return String(ino)
}
