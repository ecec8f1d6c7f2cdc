import type { Chain } from '../queue/chain.ts'
import type { DeviceHost } from './virtio-device.ts'

/** Chains served, and bytes of their buffers, in one go before other devices get their turn. */
const chainsPerTurn = 64
const bytesPerTurn = 16 * 2 ** 20

export interface PumpOptions {
  readonly host: DeviceHost
  readonly queue: number
  /**
   * Serves a chain, now or later: the chain is the handler's until it pushes it. False leaves the chain
   * unserved: it is put back, and the pump rests until the next `run` (the peer is full).
   */
  readonly serve: (chain: Chain) => boolean
  /** At most this many chains out at a time; all of the queue when absent. */
  readonly limit?: number
}

/**
 * Takes chains out of one queue and hands them to the device, a bounded number a turn, so that a driver
 * which never stops submitting cannot hold up the thread.
 */
export class QueuePump {
  readonly #options: PumpOptions
  #scheduled: NodeJS.Immediate | null = null
  #running = false
  /** What the turn may still move. */
  #bytesLeft = 0

  constructor(options: PumpOptions) {
    this.#options = options
  }

  /** Serves what is there; call on every kick, and when the device can take chains again. */
  run(): void {
    const { host, serve, limit } = this.#options
    const queue = host.queue(this.#options.queue)
    if (queue === null || this.#running || this.#scheduled !== null) return
    this.#running = true
    try {
      queue.suppressKicks()
      this.#bytesLeft = bytesPerTurn
      for (let served = 0; ; served += 1) {
        if (limit !== undefined && queue.inFlight >= limit) return
        if (served === chainsPerTurn || this.#bytesLeft <= 0) {
          this.#later()
          return
        }
        const chain = queue.pop()
        if (chain === null) {
          if (!queue.armKicks()) return
          continue
        }
        this.#bytesLeft -= chain.readableLength + chain.writableLength
        if (!serve(chain)) {
          // Already settled by a fault in `serve` when the queue has stopped.
          if (!queue.stopped) queue.unpop([chain])
          return
        }
      }
    } finally {
      this.#running = false
      host.notify(this.#options.queue)
    }
  }

  /** Called by `serve` for a chain that asked for more work than its buffers show: it is the last of this turn. */
  endTurn(): void {
    this.#bytesLeft = 0
  }

  /** No turn starts any more. */
  stop(): void {
    if (this.#scheduled !== null) clearImmediate(this.#scheduled)
    this.#scheduled = null
  }

  #later(): void {
    this.#scheduled = setImmediate(() => {
      this.#scheduled = null
      this.run()
    })
  }
}
