import type { Conditions } from '../../lib/values/link-conditions.ts'
import { seededRandom } from './random.ts'

/** Milliseconds of frames that wait for a rate's turn, and bytes that may wait at any rate. */
const longestBacklog = 100
const leastBacklog = 64 * 1024

/** How a frame travels; times in milliseconds. */
export interface Journey {
  /** When it is through, at the rate. */
  through: number
  /** What it takes from there. */
  delay: number
  /** It does not keep to the order. */
  overtakes: boolean
  /** When it arrives. */
  at: number
}

/** A frame arrives once or twice; or why it does not. */
export type Fate = { journey: Journey; copies: 1 | 2 } | { lost: 'loss' | 'cut' | 'backlog' }

/**
 * One direction between two machines. Pure: what becomes of a frame follows from the conditions, the
 * seed, the frames before it, its size and the time.
 */
export class Shaper {
  #conditions: Conditions
  readonly #random: () => number
  /** When the frame before is through, at the rate. */
  #free = 0
  /** When the frame before arrives: the next is not earlier. */
  #last = 0

  constructor(conditions: Conditions, seed: string) {
    this.#conditions = conditions
    this.#random = seededRandom(seed)
  }

  get conditions(): Conditions {
    return this.#conditions
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
    } = this.#conditions
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
    return { journey: this.#travel({ through, delay, overtakes }), copies: twiceDraw < duplicate ? 2 : 1 }
  }

  /**
   * New conditions, which hold for what is on its way as well: it goes on at the new rate and takes no longer
   * than the new latency allows. `travelling` are those frames, in the order in which they came; returned is how
   * they travel on, in that order, or null where the way is cut and nothing of it arrives.
   */
  change(conditions: Conditions, now: number, travelling: readonly Journey[]): Journey[] | null {
    const [before, after] = [this.#conditions.rate ?? 0, conditions.rate ?? 0]
    this.#conditions = conditions
    this.#last = 0
    if (conditions.cut === true) {
      this.#free = 0
      return null
    }
    // What waits for the rate's turn stands without gaps from now on, so that all times shrink or grow alike.
    const moved = (time: number) =>
      time <= now ? time : after === 0 ? now : now + ((time - now) * before) / after
    this.#free = moved(this.#free)
    const longest = (conditions.latency ?? 0) + (conditions.jitter ?? 0)
    return travelling.map(({ through, delay, overtakes }) =>
      this.#travel({ through: moved(through), delay: Math.min(delay, longest), overtakes }),
    )
  }

  #travel({ through, delay, overtakes }: Omit<Journey, 'at'>): Journey {
    const at = overtakes ? through : Math.max(this.#last, through + delay)
    if (!overtakes) this.#last = at
    return { through, delay, overtakes, at }
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
