import { unusable } from './unusable.ts'

/** Something whose state can be saved, and taken up by another of its kind that has not been used yet. */
export interface Snapshottable {
  /** Only while nothing of it goes on. */
  save(to: StateWriter): void
  /** Checks all that it reads. @throws PosadaError E_MEMORY_UNUSABLE */
  load(from: StateReader): void
}

/** Numbers of 32 bits and runs of bytes, one behind the other, as `StateReader` takes them. */
export class StateWriter {
  readonly #parts: Uint8Array[] = []

  number(value: number): void {
    const part = Buffer.alloc(4)
    part.writeUInt32LE(value)
    this.#parts.push(part)
  }

  /** A copy. */
  bytes(value: Uint8Array): void {
    this.number(value.length)
    this.#parts.push(Uint8Array.from(value))
  }

  get content(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

/** Reads what a `StateWriter` wrote; a value that cannot be is E_MEMORY_UNUSABLE. */
export class StateReader {
  readonly #content: Buffer
  #at = 0

  constructor(content: Uint8Array) {
    this.#content = Buffer.from(content.buffer, content.byteOffset, content.length)
  }

  number(most = 0xffff_ffff): number {
    if (this.#at + 4 > this.#content.length) throw unusable('a part of its state is too short')
    const value = this.#content.readUInt32LE(this.#at)
    if (value > most) throw unusable(`its state has ${value} where ${most} is the most`)
    this.#at += 4
    return value
  }

  /** At most so many; not a copy. */
  bytes(most: number): Uint8Array {
    const length = this.number(most)
    if (this.#at + length > this.#content.length) throw unusable('a part of its state is too short')
    this.#at += length
    return this.#content.subarray(this.#at - length, this.#at)
  }

  /** Exactly so many. */
  exactly(length: number): Uint8Array {
    const found = this.bytes(length)
    if (found.length !== length) throw unusable(`its state has ${found.length} bytes instead of ${length}`)
    return found
  }

  /** All has been read. */
  end(): void {
    if (this.#at !== this.#content.length) throw unusable('a part of its state is too long')
  }
}
