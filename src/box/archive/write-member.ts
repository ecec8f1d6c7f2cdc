import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { writeAll } from '../../lib/files/write-all.ts'
import type { Piece } from '../../lib/tar/member-body.ts'
import { WriteBehind } from '../write-behind.ts'
import { hashZeros, isZero } from './hash-zeros.ts'

/** Bytes that are written at once. */
const gathered = 2 ** 20

/**
 * Writes a file that must not be there yet, from its pieces in order, and hashes it on the way. Holes
 * between the pieces and pieces of zeros take no room. A `size` that is known at the end only is asked for then. Returns
 * the SHA-256 of the whole in hexadecimal.
 */
export async function writeMember(
  path: string,
  size: number | (() => number),
  pieces: AsyncIterable<Piece>,
): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  const disk = new WriteBehind(file)
  // A thread of Node's pool writes what was gathered while the next is read and hashed.
  let writing: Promise<void> = Promise.resolve()
  const run = new Run()
  const write = async () => {
    const { offset, parts, length } = run.take()
    await writing
    writing = writeAll(file, parts, offset).then(() => disk.wrote(length))
    // Whoever waits for it meets the failure.
    writing.catch(() => undefined)
  }
  try {
    let at = 0
    for await (const { offset, bytes } of pieces) {
      hashZeros(hash, offset - at)
      hash.update(bytes)
      at = offset + bytes.length
      if (isZero(bytes)) continue
      if (!run.add(offset, bytes)) {
        await write()
        run.add(offset, bytes)
      }
    }
    await write()
    await writing
    const whole = typeof size === 'number' ? size : size()
    hashZeros(hash, whole - at)
    await file.truncate(whole)
    await disk.settle()
  } finally {
    await writing.catch(() => undefined)
    await disk.settle().catch(() => undefined)
    await file.close()
  }
  return hash.digest('hex')
}

/** Pieces of a file that lie one behind the other, up to a size that is worth a write. */
class Run {
  #offset = 0
  #parts: Uint8Array[] = []
  #length = 0

  /** false: it does not join, or there is enough. */
  add(offset: number, bytes: Uint8Array): boolean {
    if (this.#length >= gathered) return false
    if (this.#parts.length === 0) this.#offset = offset
    else if (this.#offset + this.#length !== offset) return false
    this.#parts.push(bytes)
    this.#length += bytes.length
    return true
  }

  take(): { offset: number; parts: Uint8Array[]; length: number } {
    const taken = { offset: this.#offset, parts: this.#parts, length: this.#length }
    this.#parts = []
    this.#length = 0
    return taken
  }
}
