/** Seconds of its rate that may pass at once after a rest. */
const burst = 0.1

/**
 * Lets through so much a second. What is larger than a burst passes whole, and what follows waits the longer: so it is
 * asked before, and told after.
 */
export class RateLimit {
  readonly #perMillisecond: number
  readonly #most: number
  /** Below 0: what passed is more than was due. */
  #left: number
  #at = 0

  /** @param perSecond more than 0 */
  constructor(perSecond: number) {
    this.#perMillisecond = perSecond / 1000
    this.#most = perSecond * burst
    this.#left = this.#most
  }

  /** Milliseconds until something may pass; 0: now. @param now milliseconds that never go back */
  wait(now: number): number {
    this.#earn(now)
    return this.#left >= 0 ? 0 : -this.#left / this.#perMillisecond
  }

  passed(amount: number, now: number): void {
    this.#earn(now)
    this.#left -= amount
  }

  #earn(now: number): void {
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) * this.#perMillisecond)
    this.#at = now
  }
}
