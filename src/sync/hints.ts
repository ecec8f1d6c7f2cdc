import { setTimeout as timer } from 'node:timers/promises'
import type { Scope } from './sight.ts'

/** Milliseconds without a hint after which a batch is whole, and how long one may grow. */
const pace = { quiet: 15, longest: 400 }
/** More than so many single paths are not worth looking at one by one. */
const most = 5000

/** What may have changed since it was last looked at: hints, which may be wrong, but leave nothing out. */
export class Hints {
  #paths = new Set<string>()
  #all = false
  #isPoked = false
  #wake: () => void = () => undefined
  #last = 0

  add(path: string): void {
    if (!this.#all) this.#paths.add(path)
    if (this.#paths.size > most) this.all()
    this.#poke()
  }

  /** Everything may have changed. */
  all(): void {
    this.#all = true
    this.#paths.clear()
    this.#poke()
  }

  /** Nothing may have changed, but there is something to do. */
  poke(): void {
    this.#poke()
  }

  /** Waits for a hint, at most so many milliseconds; false where none came. */
  async some(limit: number): Promise<boolean> {
    if (this.#isPoked) return true
    const control = new AbortController()
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#wake = resolve
      }),
      timer(limit, undefined, { signal: control.signal }).catch(() => undefined),
    ])
    control.abort()
    return this.#isPoked
  }

  /** Takes what there is, once nothing has been added for a moment, and forgets it. */
  async take(): Promise<Scope> {
    const start = performance.now()
    for (;;) {
      const now = performance.now()
      const left = Math.min(this.#last + pace.quiet, start + pace.longest) - now
      if (left <= 0) break
      await timer(left)
    }
    const scope: Scope = this.#all ? 'all' : [...this.#paths]
    this.#all = false
    this.#isPoked = false
    this.#paths = new Set()
    return scope
  }

  #poke(): void {
    this.#isPoked = true
    this.#last = performance.now()
    this.#wake()
  }
}
