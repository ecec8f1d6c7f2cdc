/** Lets through so many a second, and at most `burst` at once. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #left: number
  #at = 0

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#left = burst
  }

  /** Whether one more may pass. @param now milliseconds that never go back */
  take(now: number): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#at) * this.#perSecond) / 1000)
    this.#at = now
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
