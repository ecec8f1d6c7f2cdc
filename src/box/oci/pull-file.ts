import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { hashZeros } from '../archive/hash-zeros.ts'
import type { Chunk } from './manifest.ts'

/**
 * A file that is put together of chunks, which may come in any order, in a file that may have some
 * of them from before. It is hashed from its beginning as far as it is there, while the rest still comes.
 */
export class PullFile {
  readonly #file: FileHandle
  readonly #size: number
  readonly #waiting = new Map<number, Chunk>()
  readonly #hash: Hash = createHash('sha256')
  #at = 0
  #hashing: Promise<void> = Promise.resolve()
  readonly #order: Chunk[]

  private constructor(file: FileHandle, size: number, chunks: readonly Chunk[]) {
    this.#file = file
    this.#size = size
    this.#order = [...chunks]
  }

  /** `chunks`: those of this file, in order. */
  static async open(path: string, size: number, chunks: readonly Chunk[]): Promise<PullFile> {
    const file = await open(path, 'a', 0o600)
    await file.close()
    const writable = await open(path, 'r+')
    await writable.truncate(size)
    return new PullFile(writable, size, chunks)
  }

  async read({ offset, length }: Chunk): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    let got = 0
    while (got < length) {
      const { bytesRead } = await this.#file.read(bytes, got, length - got, offset + got)
      if (bytesRead === 0) break
      got += bytesRead
    }
    return bytes.subarray(0, got)
  }

  async write({ offset }: Chunk, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, offset + done)
      done += bytesWritten
    }
  }

  /** Says that a chunk is in its place. */
  has(chunk: Chunk): void {
    this.#waiting.set(chunk.offset, chunk)
    this.#hashing = this.#hashing.then(() => this.#advance())
    // Whoever asks for the digest meets the failure.
    this.#hashing.catch(() => undefined)
  }

  /** SHA-256 of the whole, once all chunks are in their places. */
  async digest(): Promise<string> {
    await this.#hashing
    hashZeros(this.#hash, this.#size - this.#at)
    return this.#hash.digest('hex')
  }

  async close(): Promise<void> {
    await this.#hashing.catch(() => undefined)
    await this.#file.close()
  }

  async #advance(): Promise<void> {
    for (;;) {
      const next = this.#order[0]
      if (next === undefined || !this.#waiting.delete(next.offset)) return
      this.#order.shift()
      hashZeros(this.#hash, next.offset - this.#at)
      const end = next.offset + next.length
      const buffer = Buffer.allocUnsafeSlow(Math.min(2 ** 20, next.length))
      for (let at = next.offset; at < end; ) {
        const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, end - at), at)
        if (bytesRead === 0) throw new Error('a file became shorter while it was put together')
        this.#hash.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
      this.#at = end
    }
  }
}
