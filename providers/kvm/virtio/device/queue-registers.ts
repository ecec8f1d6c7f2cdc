import type { QueueSetup } from '../queue/layout.ts'

/** Words of a queue's addresses: the low and the high half of its descriptor table's, available ring's, used ring's. */
export const addressWords = 6

/** What a driver says of one queue before it enables it (virtio 1.2, §4.1.4.3). */
export class QueueRegisters {
  size: number
  enabled = false
  /** By halves, as they are written and read back: a double does not hold every 64-bit number. */
  readonly words = new Uint32Array(addressWords)

  constructor(size: number) {
    this.size = size
  }

  /** Addresses from 2^53 on come out inexact, and no RAM lies there. */
  get setup(): QueueSetup {
    const address = (word: number) => (this.words[word + 1] ?? 0) * 2 ** 32 + (this.words[word] ?? 0)
    return { size: this.size, descriptors: address(0), available: address(2), used: address(4) }
  }
}
