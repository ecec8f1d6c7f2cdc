import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { WriteBehind } from '../../lib/write-behind.ts'
import { hashZeros } from '../archive/hash-zeros.ts'
import type { Chunk } from './manifest.ts'

/**
 * A file that is put together of chunks, which may come in any order, in a file that may have some
 * of them from before. It is hashed from its beginning as far as it is there, while the rest still comes.
 */
export class PullFile {
  readonly #file: FileHandle
  readonly #behind: WriteBehind
  readonly #size: number
  readonly #hash: Hash = createHash('sha256')
  /** How far it is hashed, and what is in its place behind that. */
  #at = 0
  readonly #there = new Set<number>()
  readonly #order: Chunk[]
  /** What is being hashed from the file, and how many calls for that are underway. */
  #hashing: Promise<void> = Promise.resolve()
  #rounds = 0

  private constructor(file: FileHandle, size: number, chunks: readonly Chunk[]) {
    this.#file = file
    this.#behind = new WriteBehind(file)
    this.#size = size
    this.#order = [...chunks]
  }

  /** `chunks`: those of this file, in order. What lies between them has to be zeros in a file that is there. */
  static async open(path: string, size: number, chunks: readonly Chunk[]): Promise<PullFile> {
    const file = await open(path, 'a', 0o600)
    await file.close()
    const writable = await open(path, 'r+')
    await writable.truncate(size)
    return new PullFile(writable, size, chunks)
  }

  /** A chunk that an earlier command may have written. */
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

  async write(chunk: Chunk, bytes: Uint8Array): Promise<void> {
    // The hash is taken while a thread of Node's pool writes.
    const isNext = this.#hashNext(chunk, bytes)
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, chunk.offset + done)
      done += bytesWritten
    }
    this.#behind.wrote(bytes.length)
    if (!isNext) this.has(chunk)
    else if (this.#there.size > 0) this.#goOn()
  }

  /** Says that a chunk is in its place. */
  has({ offset }: Chunk): void {
    this.#there.add(offset)
    this.#goOn()
  }

  /** SHA-256 of the whole, once all chunks are in their places. */
  async digest(): Promise<string> {
    await this.#hashing
    await this.#behind.settle()
    hashZeros(this.#hash, this.#size - this.#at)
    return this.#hash.digest('hex')
  }

  async close(): Promise<void> {
    await this.#hashing.catch(() => undefined)
    await this.#behind.settle().catch(() => undefined)
    await this.#file.close()
  }

  /** Hashes a chunk that is at hand where its turn has come. */
  #hashNext(chunk: Chunk, bytes: Uint8Array): boolean {
    if (this.#rounds > 0 || this.#order[0]?.offset !== chunk.offset) return false
    this.#order.shift()
    hashZeros(this.#hash, chunk.offset - this.#at)
    this.#hash.update(bytes)
    this.#at = chunk.offset + chunk.length
    return true
  }

  #goOn(): void {
    this.#rounds++
    this.#hashing = this.#hashing
      .then(() => this.#hashWhatIsThere())
      .finally(() => {
        this.#rounds--
      })
    // Whoever asks for the digest meets the failure.
    this.#hashing.catch(() => undefined)
  }

  /** Chunks that came before their turn are read again. */
  async #hashWhatIsThere(): Promise<void> {
    for (;;) {
      const next = this.#order[0]
      if (next === undefined || !this.#there.delete(next.offset)) return
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
