import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  readvSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { punchHole } from '../ffi/descriptors.ts'

/** IOV_MAX of Linux: readv and writev take at most this many pieces at a time. */
const piecesPerCall = 1024

export interface HostFileOptions {
  readonly readOnly: boolean
  /** Whether what is written is of no use after a power cut of the host: `sync` and `syncAway` do nothing. */
  readonly throwAway?: boolean
}

/** A file of the host by byte ranges. Short reads and writes are continued; errors are thrown as they come. */
export class HostFile {
  readonly path: string
  readonly fd: number
  readonly #flushes: boolean

  constructor(path: string, options: HostFileOptions) {
    this.path = path
    this.#flushes = options.throwAway !== true
    this.fd = openSync(path, options.readOnly ? constants.O_RDONLY : constants.O_RDWR)
  }

  get size(): number {
    return fstatSync(this.fd).size
  }

  /** Bytes past the end of the file read as zero. */
  read(offset: number, pieces: readonly Uint8Array[]): void {
    let at = offset
    let left = [...pieces]
    while (left.length > 0) {
      const batch = left.slice(0, piecesPerCall)
      const only = batch.length === 1 ? batch[0] : undefined
      const got =
        only === undefined ? readvSync(this.fd, batch, at) : readSync(this.fd, only, 0, only.length, at)
      if (got === 0) {
        for (const piece of left) piece.fill(0)
        return
      }
      at += got
      left = without(left, got)
    }
  }

  write(offset: number, pieces: readonly Uint8Array[]): void {
    let at = offset
    let left = [...pieces]
    while (left.length > 0) {
      const batch = left.slice(0, piecesPerCall)
      const only = batch.length === 1 ? batch[0] : undefined
      const done =
        only === undefined ? writevSync(this.fd, batch, at) : writeSync(this.fd, only, 0, only.length, at)
      at += done
      left = without(left, done)
    }
  }

  /** Gives the range back to the host; it reads as zero. The file keeps its length. False where the file system cannot. */
  punch(offset: number, length: number): boolean {
    try {
      punchHole(this.fd, offset, length)
      return true
    } catch (error) {
      if (isErrno(error, 'EOPNOTSUPP', 'ENOSYS')) return false
      throw error
    }
  }

  truncate(size: number): void {
    ftruncateSync(this.fd, size)
  }

  sync(): void {
    if (this.#flushes) fdatasyncSync(this.fd)
  }

  /** As `sync`, on a thread of Node's pool. */
  async syncAway(): Promise<void> {
    if (!this.#flushes) return
    await new Promise<void>((resolve, reject) => {
      fdatasync(this.fd, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  close(): void {
    closeSync(this.fd)
  }
}

/** What is left of the pieces after their first `count` bytes. */
function without(pieces: Uint8Array[], count: number): Uint8Array[] {
  let skip = count
  let index = 0
  for (; index < pieces.length; index += 1) {
    const length = pieces[index]?.length ?? 0
    if (skip < length) break
    skip -= length
  }
  const rest = pieces.slice(index)
  if (skip > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(skip)
  return rest
}
