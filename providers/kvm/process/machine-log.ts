import { closeSync, fstatSync, openSync, renameSync } from 'node:fs'
import { TokenBucket } from '../../../src/lib/async/token-bucket.ts'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { replaceDescriptor } from '../ffi/descriptors.ts'

export type Log = (message: string) => void

const standardError = 2

/**
 * The log that standard error leads to: once `limit` bytes have gone into the file at `path`, it is moved to `<path>.1`,
 * over an older one, and standard error leads to a new one.
 */
export function rotatedLog(path: string, limit: number, write: Log): Log {
  let size = fstatSync(standardError).size
  return (message) => {
    if (size >= limit) size = rotate(path)
    write(message)
    size += Buffer.byteLength(message) + stampBytes
  }
}

/** What stands before a message, and the end of its line. */
const stampBytes = '2026-01-01T00:00:00.000Z \n'.length

/** A log that cannot be moved, on a full disk for one, is continued. */
function rotate(path: string): number {
  try {
    renameSync(path, `${path}.1`)
    const descriptor = openSync(path, 'a', 0o600)
    replaceDescriptor(standardError, descriptor)
    closeSync(descriptor)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EMFILE')) throw error
  }
  return 0
}

/** For lines that a guest brings about: a few at once and then one a second; says how many were left out. */
export function limitedLog(log: Log, bucket = new TokenBucket(1, 50)): Log {
  let left = 0
  return (message) => {
    if (!bucket.take(performance.now())) {
      left += 1
      return
    }
    if (left > 0) log(`${left} lines were left out, too many at once`)
    left = 0
    log(message)
  }
}
