import type { FileHandle } from 'node:fs/promises'

/** Thrown for a file that ends in the middle of something. */
export class StreamEnd extends Error {}

/** Reads a file from its beginning, a window of it at a time. */
export class StreamWindow {
  readonly size: number
  readonly #file: FileHandle
  readonly #moving: () => Promise<void>
  readonly #bytes = Buffer.allocUnsafe(4 * 1024 * 1024)
  /** Of the window in the file, what is read of it, and what there is. */
  #base = 0
  #at = 0
  #end = 0

  /** @param moving what is awaited before bytes that were taken are overwritten */
  constructor(file: FileHandle, size: number, moving: () => Promise<void>) {
    this.#file = file
    this.size = size
    this.#moving = moving
  }

  /** Of the next byte, in the file. */
  get place(): number {
    return this.#base + this.#at
  }

  /** The next bytes, which stand until `moving` is called. Length: at most the window's. */
  take(length: number): Buffer | Promise<Buffer> {
    if (this.#at + length > this.#end) return this.#filled(length)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  async skip(length: number): Promise<void> {
    await this.take(length)
  }

  async u8(): Promise<number> {
    return (await this.take(1)).readUInt8()
  }

  async u32(): Promise<number> {
    return (await this.take(4)).readUInt32BE()
  }

  /** One with its length before it, in a byte. */
  async text(): Promise<string> {
    return (await this.take(await this.u8())).toString('latin1')
  }

  async peek(): Promise<number> {
    const byte = await this.u8()
    this.#at -= 1
    return byte
  }

  async #filled(length: number): Promise<Buffer> {
    if (length > this.#bytes.length) throw new StreamEnd()
    await this.#moving()
    this.#bytes.copyWithin(0, this.#at, this.#end)
    this.#base += this.#at
    this.#end -= this.#at
    this.#at = 0
    while (this.#end < length) {
      const { bytesRead } = await this.#file.read(
        this.#bytes,
        this.#end,
        this.#bytes.length - this.#end,
        this.#base + this.#end,
      )
      if (bytesRead === 0) throw new StreamEnd()
      this.#end += bytesRead
    }
    this.#at = length
    return this.#bytes.subarray(0, length)
  }
}
