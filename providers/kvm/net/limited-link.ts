import { RateLimit } from '../../../src/lib/async/rate-limit.ts'
import type { FrameEvents, FrameLink } from './frame-link.ts'

/**
 * A cable that carries so many bits a second each way. What the guest sends beyond that waits in its queue; what comes for
 * it waits at the other end.
 */
export class LimitedLink implements FrameLink {
  readonly #link: FrameLink
  readonly #now: () => number
  readonly #out: RateLimit
  readonly #in: RateLimit
  #events: FrameEvents | null = null
  #sending: NodeJS.Timeout | null = null
  #receiving: NodeJS.Timeout | null = null
  /** Whether the guest has room for what comes. */
  #hasRoom = true

  /** @param now the clock, in milliseconds that never go back */
  constructor(link: FrameLink, bitsPerSecond: number, now: () => number = () => performance.now()) {
    this.#link = link
    this.#now = now
    this.#out = new RateLimit(bitsPerSecond / 8)
    this.#in = new RateLimit(bitsPerSecond / 8)
  }

  get up(): boolean {
    return this.#link.up
  }

  start(events: FrameEvents): void {
    this.#events = events
    this.#link.start({
      frame: (bytes) => this.#received(bytes, events),
      changed: () => events.changed(),
      writable: () => events.writable(),
    })
  }

  send(frame: readonly Uint8Array[], length: number): boolean {
    const wait = this.#out.wait(this.#now())
    if (wait > 0) {
      this.#sending ??= setTimeout(() => {
        this.#sending = null
        this.#events?.writable()
      }, Math.ceil(wait))
      return false
    }
    const taken = this.#link.send(frame, length)
    if (taken) this.#out.passed(length, this.#now())
    return taken
  }

  resume(): void {
    this.#hasRoom = true
    if (this.#receiving === null) this.#link.resume()
  }

  async close(): Promise<void> {
    this.#events = null
    for (const timer of [this.#sending, this.#receiving]) if (timer !== null) clearTimeout(timer)
    await this.#link.close()
  }

  /** One that is too early is taken all the same, and the next has to wait. */
  #received(bytes: Uint8Array, events: FrameEvents): boolean {
    this.#in.passed(bytes.length, this.#now())
    this.#hasRoom = events.frame(bytes)
    const wait = this.#in.wait(this.#now())
    if (wait === 0) return this.#hasRoom
    this.#receiving ??= setTimeout(() => {
      this.#receiving = null
      if (this.#hasRoom) this.#link.resume()
    }, Math.ceil(wait))
    return false
  }
}
