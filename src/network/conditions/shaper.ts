import type { Conditions } from './model.ts'
import { seededRandom } from './random.ts'

/** Milliseconds of frames that wait for a rate's turn, and bytes that may wait at any rate. */
const longestBacklog = 100
const leastBacklog = 64 * 1024

/** When a frame arrives: no time, one or two; or why it does not. */
export type Fate = { at: readonly number[] } | { lost: 'loss' | 'cut' | 'backlog' }

/**
 * One direction between two machines. Pure: what becomes of a frame follows from the conditions, the
 * seed, the frames before it, its size and the time.
 */
export class Shaper {
  conditions: Conditions
  readonly #random: () => number
  /** When the frame before is through, at the rate. */
  #free = 0
  /** When the frame before arrives: the next is not earlier. */
  #last = 0

  constructor(conditions: Conditions, seed: string) {
    this.conditions = conditions
    this.#random = seededRandom(seed)
  }

  /** @param bytes of the frame @param now milliseconds, which never go back */
  fate(bytes: number, now: number): Fate {
    const {
      latency = 0,
      jitter = 0,
      loss = 0,
      duplicate = 0,
      reorder = 0,
      rate = 0,
      cut = false,
    } = this.conditions
    if (cut) return { lost: 'cut' }
    // Each is drawn whether it is needed or not, so that one condition does not shift the others' draws.
    const [lossDraw, twiceDraw, reorderDraw, jitterDraw] = [
      this.#random(),
      this.#random(),
      this.#random(),
      this.#random(),
    ]
    if (lossDraw < loss) return { lost: 'loss' }
    const through = rate === 0 ? now : this.#queue(bytes, rate, now)
    if (through === null) return { lost: 'backlog' }
    const delay = Math.max(0, latency + (jitterDraw * 2 - 1) * jitter)
    const overtakes = reorderDraw < reorder
    const at = overtakes ? through : Math.max(this.#last, through + delay)
    if (!overtakes) this.#last = at
    return { at: twiceDraw < duplicate ? [at, at] : [at] }
  }

  /** When the frame is through; null where too much waits before it. */
  #queue(bytes: number, rate: number, now: number): number | null {
    const begin = Math.max(now, this.#free)
    const most = Math.max(longestBacklog, (leastBacklog * 8000) / rate)
    if (begin - now > most) return null
    this.#free = begin + (bytes * 8000) / rate
    return this.#free
  }
}
