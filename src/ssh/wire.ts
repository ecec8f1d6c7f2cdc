/** A string as SSH sends it: length (32 bit, big-endian), then bytes. Source: RFC 4251, 5. */
export function packString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Reads SSH's data types one after another. RangeError when the data ends too early. */
export class WireReader {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  uint32(): number {
    const value = this.#data.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  string(): Buffer {
    const length = this.uint32()
    if (length > this.#data.length - this.#at) throw new RangeError('a string is longer than its data')
    this.#at += length
    return this.#data.subarray(this.#at - length, this.#at)
  }
}
