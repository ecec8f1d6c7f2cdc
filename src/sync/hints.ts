import { setTimeout as timer } from 'node:timers/promises'
import type { Side } from './reconcile.ts'
import type { Scope } from './sight.ts'

/** More than so many single paths are not worth looking at one by one. */
const most = 5000

/** What of a side may have changed, and when, by `performance.now()`, the first and the last of it was heard of. */
export interface Heard {
  count: number
  first: number
  last: number
}

/**
 * When a batch is whole. Few paths are somebody who saves: they go at once. Many are a checkout or a build, which is let go on
 * before it is looked at. Pure.
 */
export function wholeAt({ count, first, last }: Heard): number {
  const [quiet, longest] = count <= 20 ? [15, 400] : count <= 500 ? [100, 2000] : [300, 5000]
  return Math.min(last + quiet, first + longest)
}

/** What may have changed, and the sides that this was heard of on. */
export interface Taken {
  scope: Scope
  sides: readonly Side[]
}

/** What may have changed since it was last looked at: hints, which may be wrong, but leave nothing out. */
export class Hints {
  readonly #paths = { host: new Set<string>(), guest: new Set<string>() }
  readonly #heard: Record<Side, Heard | null> = { host: null, guest: null }
  readonly #isAll = { host: false, guest: false }
  #isPoked = false
  #wake: () => void = () => undefined

  add(path: string, side: Side = 'host'): void {
    this.#hear(side)
    if (!this.#isAll[side]) this.#paths[side].add(path)
    if (this.#paths[side].size > most) this.all(side)
    else this.poke()
  }

  /** Everything may have changed, on both sides; it was heard of on this one. */
  all(side: Side = 'host'): void {
    this.#hear(side)
    this.#isAll[side] = true
    this.#paths[side].clear()
    this.poke()
  }

  /** Nothing may have changed, but there is something to do. */
  poke(): void {
    this.#isPoked = true
    this.#wake()
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

  /** Takes what there is of the side that is whole first, or of both, and forgets it. `now`: what there is, whole or not. */
  async take(now = false): Promise<Taken> {
    for (;;) {
      const sides = (['host', 'guest'] as const).filter((side) => this.#heard[side] !== null)
      const whole = sides.filter((side) => now || leftOf(this.#heard[side]) <= 0)
      if (sides.length === 0 || whole.length > 0) return this.#forget(whole)
      await timer(Math.min(...sides.map((side) => leftOf(this.#heard[side]))))
    }
  }

  #forget(sides: readonly Side[]): Taken {
    const isAll = sides.some((side) => this.#isAll[side])
    const scope: Scope = isAll ? 'all' : sides.flatMap((side) => [...this.#paths[side]])
    for (const side of isAll ? (['host', 'guest'] as const) : sides) {
      this.#heard[side] = null
      this.#paths[side] = new Set()
      this.#isAll[side] = false
    }
    this.#isPoked = Object.values(this.#heard).some((heard) => heard !== null)
    return { scope, sides }
  }

  #hear(side: Side): void {
    const last = performance.now()
    const { count, first } = this.#heard[side] ?? { count: 0, first: last }
    this.#heard[side] = { count: count + 1, first, last }
  }
}

/** Milliseconds until a batch is whole. */
function leftOf(heard: Heard | null): number {
  return heard === null ? 0 : wholeAt(heard) - performance.now()
}
