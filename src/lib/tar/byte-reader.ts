/** Hands out a stream's bytes in the pieces that a format asks for; holds no more than one chunk. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Between 1 and `most` bytes; null at the end. */
  async some(most: number): Promise<Uint8Array | null> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) return null
      this.#rest = next.value
    }
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** Exactly `length` bytes, which is small; null where the stream ends before. */
  async exactly(length: number): Promise<Buffer | null> {
    const pieces: Uint8Array[] = []
    for (let missing = length; missing > 0; ) {
      const piece = await this.some(missing)
      if (piece === null) return null
      pieces.push(piece)
      missing -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** Ends the source, also one that has more to give. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }
}
