import { createEventDescriptor, signalEvent } from '../../ffi/events.ts'
import type { RamRegion } from '../../memory/layout.ts'
import { watchEvent } from '../../vm/event-watch.ts'
import type { QueueSetup } from '../queue/layout.ts'
import { BackEndConnection } from './connection.ts'
import {
  acknowledges,
  memoryTable,
  number64,
  protocolFeatures,
  ringAddresses,
  ringState,
} from './messages.ts'

export interface BackEndOptions {
  /** RAM, and the file that it lies in. */
  ram: { fd: number; regions: readonly RamRegion[] }
  queues: number
  /** Features that it has to have. */
  features: bigint
  /** It is down, for good; for the machine's log. */
  onDown: (reason: string) => void
}

/**
 * A process that serves a device's queues itself, in the guest's RAM (QEMU, docs/interop/vhost-user.rst). It outlives the
 * guests of a machine. Everything that needs a descriptor is sent at the beginning, before this process is confined: a
 * guest's queues are then started and stopped by numbers alone.
 */
export class BackEnd {
  /** Resolves when it can serve; rejects where it cannot. */
  readonly ready: Promise<void>
  /** Told of each queue in which it has used buffers. */
  onUsed: (queue: number) => void = () => undefined
  readonly #connection: BackEndConnection
  readonly #options: BackEndOptions
  readonly #kicks: readonly number[]
  #astray = false
  /** Never rejects. */
  #changing: Promise<void>

  /** @param fd the connection to it, a descriptor that is this object's from now on */
  constructor(fd: number, options: BackEndOptions) {
    this.#options = options
    this.#connection = new BackEndConnection(fd, options.onDown)
    this.#kicks = Array.from({ length: options.queues }, createEventDescriptor)
    const calls = this.#kicks.map((_, queue) => {
      const call = createEventDescriptor()
      watchEvent(call, () => this.onUsed(queue))
      return call
    })
    this.ready = this.#begin(calls)
    // A failure is met where it is awaited, which is later.
    this.#changing = this.ready.catch(() => undefined)
  }

  get up(): boolean {
    return this.#connection.up
  }

  /** Whether it may still write into the guest's memory though it was to stop. */
  get astray(): boolean {
    return this.#astray
  }

  /** The driver has put something into a queue. */
  kick(queue: number): void {
    const fd = this.#kicks[queue]
    if (fd !== undefined) signalEvent(fd)
  }

  /** Lets it serve a guest's queues, of which null is not used; nothing where it is down. */
  start(features: bigint, queues: readonly (QueueSetup | null)[]): void {
    void this.#change(async (connection) => {
      await connection.order('setFeatures', number64(features | protocolFeatures))
      for (const [queue, setup] of queues.entries()) {
        if (setup === null) continue
        await connection.order('setRingSize', ringState(queue, setup.size))
        await connection.order('setRingAddresses', ringAddresses(queue, setup))
        await connection.order('setRingBase', ringState(queue, 0))
        await connection.order('setRingEnabled', ringState(queue, 1))
        // What it saw before that it has let go.
        this.kick(queue)
      }
    })
  }

  /**
   * Has it leave the guest's memory alone. It lets a queue go only when it is done with what it is at: virtiofsd serves
   * each under a lock that this takes, too.
   *
   * @throws Error where it does not answer: what it does is then not known
   */
  async stop(): Promise<void> {
    await this.#change(async (connection) => {
      for (const queue of this.#kicks.keys()) await connection.order('setRingEnabled', ringState(queue, 0))
    })
    this.#astray = !this.up && !this.#connection.ended
    if (this.#astray) throw new Error('what serves it does not stop')
  }

  /** One change after the other; none where it is down, or goes down. */
  #change(work: (connection: BackEndConnection) => Promise<void>): Promise<void> {
    const changed = this.#changing.then(() => (this.up ? work(this.#connection) : undefined))
    // Why it went down has been told.
    this.#changing = changed.catch(() => undefined)
    return this.#changing
  }

  async #begin(calls: readonly number[]): Promise<void> {
    const connection = this.#connection
    const { ram, features } = this.#options
    connection.tell('setOwner')
    const needed = features | protocolFeatures
    if (((await connection.get('getFeatures')) & needed) !== needed) throw new Error('it lacks features')
    const offered = await connection.get('getProtocolFeatures')
    if ((offered & acknowledges) === 0n) throw new Error('it does not acknowledge')
    connection.tell('setProtocolFeatures', number64(acknowledges))
    const files = ram.regions.map(() => ram.fd)
    await connection.order('setMemoryTable', memoryTable(ram.regions), files)
    for (const [queue, kick] of this.#kicks.entries()) {
      await connection.order('setRingCall', number64(BigInt(queue)), [calls[queue] ?? -1])
      await connection.order('setRingKick', number64(BigInt(queue)), [kick])
    }
  }
}
