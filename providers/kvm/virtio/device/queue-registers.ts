import type { Snapshottable, StateReader, StateWriter } from '../../snapshot/fields.ts'
import { unusable } from '../../snapshot/unusable.ts'
import { isQueueSize, type QueueSetup } from '../queue/layout.ts'

/** Words of a queue's addresses: the low and the high half of its descriptor table's, available ring's, used ring's. */
export const addressWords = 6

/** What a driver says of one queue before it enables it (virtio 1.2, §4.1.4.3). */
export class QueueRegisters implements Snapshottable {
  readonly #largest: number
  size: number
  enabled = false
  /** By halves, as they are written and read back: a double does not hold every 64-bit number. */
  readonly words = new Uint32Array(addressWords)

  /** @param largest entries that the device takes, and what it has at first */
  constructor(largest: number) {
    this.#largest = largest
    this.size = largest
  }

  /** Ignored where the driver may not ask for so many entries. */
  setSize(size: number): void {
    if (isQueueSize(size, this.#largest)) this.size = size
  }

  /** `word` is one of `addressWords`; `value` has 32 bits. */
  setWord(word: number, value: number): void {
    this.words[word] = value
  }

  save(to: StateWriter): void {
    for (const value of [this.size, this.enabled ? 1 : 0, ...this.words]) to.number(value)
  }

  load(from: StateReader): void {
    const size = from.number()
    this.setSize(size)
    if (this.size !== size) throw unusable(`it has a queue of ${size} entries`)
    this.enabled = from.number(1) === 1
    for (let word = 0; word < addressWords; word += 1) this.words[word] = from.number()
  }

  /** Addresses from 2^53 on come out inexact, and no RAM lies there. */
  get setup(): QueueSetup {
    const address = (word: number) => (this.words[word + 1] ?? 0) * 2 ** 32 + (this.words[word] ?? 0)
    return { size: this.size, descriptors: address(0), available: address(2), used: address(4) }
  }
}
