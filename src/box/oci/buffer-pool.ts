/**
 * Large pieces of memory that are used again: taking each from the system costs more than what is done with
 * it. What is lent has to be given back, and is not to be used after that.
 */
export class BufferPool {
  readonly #free: Buffer[] = []

  /** A piece of just this length, with anything in it. */
  take(length: number): Buffer {
    const index = this.#free.findIndex((one) => one.length >= length)
    const whole = index < 0 ? undefined : this.#free.splice(index, 1)[0]
    return (whole ?? Buffer.allocUnsafeSlow(this.#sizeFor(length))).subarray(0, length)
  }

  give(piece: Buffer): void {
    this.#free.push(Buffer.from(piece.buffer))
  }

  /** Powers of two, so that what was lent fits the next. */
  #sizeFor(length: number): number {
    return 2 ** Math.ceil(Math.log2(Math.max(length, 65_536)))
  }
}
