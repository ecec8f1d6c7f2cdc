import type { GuestMemory } from '../../memory/guest-memory.ts'
import type { Snapshottable, StateReader, StateWriter } from '../../snapshot/fields.ts'
import { type Chain, readChain } from './chain.ts'
import type { QueueCounters } from './counters.ts'
import { availNoInterrupt, type QueueSetup, usedNoNotify } from './layout.ts'

export interface SplitQueueOptions {
  readonly memory: GuestMemory
  /** Already looked at by `setupProblem`. */
  readonly setup: QueueSetup
  /** VIRTIO_F_EVENT_IDX was negotiated (virtio 1.2, §2.7.10). */
  readonly eventIndex: boolean
  /** VIRTIO_F_INDIRECT_DESC was negotiated (§2.7.5.3). */
  readonly indirect: boolean
  /** What is counted, from one use of the queue to the next. */
  readonly counters: QueueCounters
  /** Told once, when the driver breaks a rule; the queue gives out nothing from then on. */
  readonly onFault: (reason: string) => void
}

export interface UsedBuffer {
  readonly head: number
  /** Bytes the device wrote into the writable part. */
  readonly written: number
}

/** The device's side of a split virtqueue (virtio 1.2, §2.7). Not thread-safe; one owner a queue. */
export class SplitQueue implements Snapshottable {
  readonly size: number
  /** Where the driver put it. */
  readonly setup: QueueSetup
  readonly #options: SplitQueueOptions
  readonly #memory: GuestMemory
  readonly #busy: Uint8Array
  /** Readable bytes of the chains that are given out, by their heads. */
  readonly #given: Float64Array
  #inFlight = 0
  #nextAvailable = 0
  #nextUsed = 0
  #signalled = 0
  #stopped = false
  #frozen = false

  constructor(options: SplitQueueOptions) {
    this.#options = options
    this.#memory = options.memory
    this.setup = options.setup
    this.size = options.setup.size
    this.#busy = new Uint8Array(this.size)
    this.#given = new Float64Array(this.size)
  }

  /** Chains given out and not yet pushed. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Whether `pop` and `push` have ceased to do anything: after a fault, or `stop`. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Leaves guest memory alone from now on (a device reset). */
  stop(): void {
    this.#stopped = true
  }

  /** Gives out nothing until `thaw`, and takes back what it has given: the machine is about to be saved. */
  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
  }

  /** All chains that were given out have to be back. */
  save(to: StateWriter): void {
    if (this.#inFlight > 0) throw new Error(`${this.#inFlight} requests are still served`)
    for (const index of [this.#nextAvailable, this.#nextUsed, this.#signalled]) to.number(index)
  }

  load(from: StateReader): void {
    this.#nextAvailable = from.number(0xffff)
    this.#nextUsed = from.number(0xffff)
    this.#signalled = from.number(0xffff)
  }

  /** The next chain the driver made available; null when there is none, or the queue has stopped. */
  pop(): Chain | null {
    const waiting = this.#waiting()
    if (waiting === 0) return null
    const { counters } = this.#options
    counters.deepest = Math.max(counters.deepest, waiting + this.#inFlight)
    const slot = this.#nextAvailable % this.size
    const head = this.#memory.readU16(this.setup.available + 4 + 2 * slot)
    if (head === null) return this.#fault('the available ring is outside RAM')
    if (head >= this.size) return this.#fault(`head ${head} is outside a queue of ${this.size}`)
    if (this.#busy[head] === 1) return this.#fault(`head ${head} is still in use by the device`)
    const { indirect } = this.#options
    const chain = readChain(
      { memory: this.#memory, descriptors: this.setup.descriptors, size: this.size, indirect },
      head,
    )
    if (typeof chain === 'string') return this.#fault(chain)
    this.#busy[head] = 1
    this.#given[head] = chain.readableLength
    this.#inFlight += 1
    this.#nextAvailable = (this.#nextAvailable + 1) & 0xffff
    return chain
  }

  /** Takes back the chains popped last, newest first in time, as if they had never been popped. */
  unpop(chains: readonly Chain[]): void {
    this.#options.counters.stalls += 1
    for (const { head } of chains) this.#settle(head)
    this.#nextAvailable = (this.#nextAvailable - chains.length) & 0xffff
  }

  /** Hands a chain back to the driver. */
  push(head: number, written: number): void {
    this.pushTogether([{ head, written }])
  }

  /** Hands chains back so that the driver sees all or none of them (§5.1.6.4 needs that). */
  pushTogether(buffers: readonly UsedBuffer[]): void {
    if (this.#stopped) return
    const { counters } = this.#options
    for (const { head, written } of buffers) {
      this.#settle(head)
      counters.requests += 1
      counters.fromGuest += this.#given[head] ?? 0
      counters.toGuest += written
      const element = this.setup.used + 4 + 8 * (this.#nextUsed % this.size)
      this.#memory.writeU32(element, head)
      this.#memory.writeU32(element + 4, written)
      this.#nextUsed = (this.#nextUsed + 1) & 0xffff
    }
    this.#memory.storeU16(this.setup.used + 2, this.#nextUsed)
  }

  /** Whether what was pushed since the last call calls for an interrupt (§2.7.7, §2.7.10.1). */
  needsInterrupt(): boolean {
    const before = this.#signalled
    this.#signalled = this.#nextUsed
    if (this.#stopped || before === this.#nextUsed) return false
    if (!this.#options.eventIndex) {
      return ((this.#memory.loadU16(this.setup.available) ?? 0) & availNoInterrupt) === 0
    }
    const usedEvent = this.#memory.loadU16(this.setup.available + 4 + 2 * this.size) ?? 0
    return ((this.#nextUsed - usedEvent - 1) & 0xffff) < ((this.#nextUsed - before) & 0xffff)
  }

  /** Asks the driver not to kick while the device is looking anyway; a hint only (§2.7.9). */
  suppressKicks(): void {
    if (this.#stopped || this.#frozen || this.#options.eventIndex) return
    this.#memory.storeU16(this.setup.used, usedNoNotify)
  }

  /** Asks for a kick at the next chain the driver adds. True when some are there, for which none may come. */
  armKicks(): boolean {
    if (this.#stopped || this.#frozen) return false
    if (this.#options.eventIndex) {
      this.#armEvent()
    } else {
      this.#memory.storeU16(this.setup.used, 0)
    }
    return this.#waiting() > 0
  }

  /**
   * Chains that were put back are behind the driver's index: it kicks only for what comes after the index it is told. So
   * an index that has moved meanwhile is told again, or no kick would ever come; with a driver that follows the rules it
   * moves at most as often as the queue has entries.
   */
  #armEvent(): void {
    for (let tries = 0; tries <= this.size; tries += 1) {
      const index = this.#memory.loadU16(this.setup.available + 2) ?? 0
      this.#memory.storeU16(this.setup.used + 4 + 8 * this.size, index)
      if (this.#memory.loadU16(this.setup.available + 2) === index) return
    }
  }

  #waiting(): number {
    if (this.#stopped || this.#frozen) return 0
    const index = this.#memory.loadU16(this.setup.available + 2)
    if (index === null) {
      this.#fault('the available ring is outside RAM')
      return 0
    }
    const waiting = (index - this.#nextAvailable) & 0xffff
    if (waiting <= this.size) return waiting
    this.#fault(`${waiting} chains are waiting in a queue of ${this.size}`)
    return 0
  }

  #settle(head: number): void {
    if (this.#busy[head] !== 1) throw new Error(`chain ${head} was not given out`)
    this.#busy[head] = 0
    this.#inFlight -= 1
  }

  #fault(reason: string): null {
    this.#stopped = true
    this.#options.onFault(reason)
    return null
  }
}
