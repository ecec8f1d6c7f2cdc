import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { hashZeros } from '../archive/hash-zeros.ts'
import { WriteBehind } from '../write-behind.ts'
import type { Chunk } from './manifest.ts'

/** The bytes of a chunk. */
export interface Got {
  bytes: Uint8Array
  /** They are in the file already. */
  isThere: boolean
}

/**
 * A file that is put together of chunks, in a file that may have some of them from before. Several may
 * be on their way at once; the file is hashed as they come.
 */
export class PullFile {
  readonly #file: FileHandle
  readonly #behind: WriteBehind
  readonly #size: number
  readonly #hash: Hash = createHash('sha256')
  #hashedTo = 0
  /** That all chunks which were asked for up to now are written and hashed. */
  #last: Promise<void> = Promise.resolve()

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#behind = new WriteBehind(file)
    this.#size = size
  }

  /** What lies between the chunks has to be zeros in a file that is there. */
  static async open(path: string, size: number): Promise<PullFile> {
    const file = await open(path, 'a', 0o600)
    await file.close()
    const writable = await open(path, 'r+')
    await writable.truncate(size)
    return new PullFile(writable, size)
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

  /**
   * Puts a chunk into its place, and waits until it is hashed: behind those before it, for which reason this is
   * called in their order, without waiting in between. What makes one fail makes those behind it fail.
   */
  put({ offset, length }: Chunk, got: Promise<Got>): Promise<void> {
    const before = this.#last
    const work = async () => {
      const { bytes, isThere } = await got
      const written = isThere ? null : this.#write(offset, bytes)
      // It is waited for in any case.
      written?.catch(() => undefined)
      try {
        await before
        // A thread of Node's pool writes meanwhile.
        hashZeros(this.#hash, offset - this.#hashedTo)
        this.#hash.update(bytes)
        this.#hashedTo = offset + length
      } finally {
        await written
      }
    }
    this.#last = work()
    return this.#last
  }

  /** SHA-256 of the whole, once all chunks are in their places. */
  async digest(): Promise<string> {
    await this.#last
    await this.#behind.settle()
    hashZeros(this.#hash, this.#size - this.#hashedTo)
    return this.#hash.digest('hex')
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined)
    await this.#behind.settle().catch(() => undefined)
    await this.#file.close()
  }

  async #write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, offset + done)
      done += bytesWritten
    }
    this.#behind.wrote(bytes.length)
  }
}
