import { copyIn } from '../../../memory/pieces.ts'
import type { Snapshottable, StateReader, StateWriter } from '../../../snapshot/fields.ts'
import type { DeviceHost } from '../../device/virtio-device.ts'

/** Buffers filled in one go; more wait for the guest's next kick, which follows as it gives new ones. */
const chainsPerTurn = 64

/** What can wait at most, with what one read brings above the limit. */
const mostPieces = 65536
const mostPieceBytes = 1024 * 1024

/** Bytes that wait for the guest's receive buffers on one queue. */
export class ToGuest implements Snapshottable {
  readonly #queue: number
  readonly #limit: number
  #waiting: { bytes: Uint8Array; whole: boolean }[] = []
  #length = 0

  /** Over `limit` bytes `hasRoom` is false; what is added is kept all the same. */
  constructor(queue: number, limit: number) {
    this.#queue = queue
    this.#limit = limit
  }

  get hasRoom(): boolean {
    return this.#length < this.#limit
  }

  /** Keeps bytes; says whether there is room for more. A `whole` piece has a buffer of the guest's to itself. */
  add(bytes: Uint8Array, options: { whole?: boolean } = {}): boolean {
    if (bytes.length > 0) this.#waiting.push({ bytes, whole: options.whole ?? false })
    this.#length += bytes.length
    return this.hasRoom
  }

  clear(): void {
    this.#waiting = []
    this.#length = 0
  }

  save(to: StateWriter): void {
    to.number(this.#waiting.length)
    for (const { bytes, whole } of this.#waiting) {
      to.number(whole ? 1 : 0)
      to.bytes(bytes)
    }
  }

  load(from: StateReader): void {
    for (let left = from.number(mostPieces); left > 0; left -= 1) {
      const whole = from.number(1) === 1
      this.add(Uint8Array.from(from.bytes(mostPieceBytes)), { whole })
    }
  }

  /** Fills the guest's buffers as far as both go. */
  deliver(host: DeviceHost): void {
    const queue = host.queue(this.#queue)
    if (queue === null || this.#waiting.length === 0) return
    for (let filled = 0; this.#waiting.length > 0 && filled < chainsPerTurn; filled += 1) {
      const chain = queue.pop()
      if (chain === null) {
        if (!queue.armKicks()) break
        continue
      }
      queue.push(chain.head, this.#fill(chain.writable))
    }
    host.notify(this.#queue)
  }

  #fill(writable: readonly Uint8Array[]): number {
    let written = 0
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.whole && written > 0) break
      const part = copyIn(writable, written, next.bytes)
      written += part
      this.#length -= part
      if (part === next.bytes.length || next.whole) {
        this.#waiting.shift()
        // Cut short by a buffer too small for it: what is left would read as a message of its own.
        if (next.whole) {
          this.#length -= next.bytes.length - part
          break
        }
      } else {
        next.bytes = next.bytes.subarray(part)
        break
      }
    }
    return written
  }
}
