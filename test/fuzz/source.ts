/** Decisions of a fuzzer, taken from bytes: what is read behind their end is 0, so that any input means something. */
export class Source {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isEmpty(): boolean {
    return this.#at >= this.#bytes.length
  }

  byte(): number {
    const value = this.#bytes[this.#at] ?? 0
    this.#at += 1
    return value
  }

  /** Of up to 6 bytes, little-endian. */
  number(bytes: number): number {
    let value = 0
    for (let index = 0; index < bytes; index += 1) value += this.byte() * 256 ** index
    return value
  }

  /** From 0 to one less than `limit`, which is at most 65536. */
  below(limit: number): number {
    return (limit <= 256 ? this.byte() : this.number(2)) % limit
  }

  flag(): boolean {
    return (this.byte() & 1) === 1
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  bytes(length: number): Buffer {
    const found = Buffer.alloc(length)
    found.set(this.#bytes.subarray(this.#at, this.#at + length))
    this.#at += length
    return found
  }

  /** Between 0 and 2^64, more often where something ends. */
  address(interesting: readonly number[]): number {
    const kind = this.below(4)
    if (kind === 0) return this.number(6)
    const near = this.pick(interesting)
    return kind === 1 ? near : Math.max(0, near + this.byte() - 128)
  }
}

/** A copy of something sound with up to 15 places overwritten, and sometimes cut. */
export function patched(source: Source, sound: Uint8Array, places: readonly number[] = []): Buffer {
  const bytes = Buffer.from(sound)
  for (let left = source.below(16); left > 0; left -= 1) {
    const near = places.length > 0 && source.flag()
    const at = near ? source.pick(places) + source.below(128) : source.number(3) % (bytes.length + 1)
    const value = source.flag()
      ? source.bytes(1 + source.below(8))
      : Buffer.alloc(1 + source.below(8), source.pick([0, 255]))
    bytes.set(value.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length))
  }
  return source.below(8) === 7 ? bytes.subarray(0, source.number(3) % (bytes.length + 1)) : bytes
}
