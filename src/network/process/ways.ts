import { DelayLine } from '../conditions/delay-line.ts'
import { type Conditions, isPlain } from '../conditions/model.ts'
import { type Fate, Shaper } from '../conditions/shaper.ts'
import type { NetworkDefinition } from '../config.ts'

type Lost = Extract<Fate, { lost: string }>['lost']

/** The ways from machine to machine on one network, each with its conditions. */
export class Ways {
  readonly #line = new DelayLine()
  readonly #shapers = new Map<string, Shaper | null>()
  #definition: NetworkDefinition
  #timer: NodeJS.Timeout | null = null
  #armedFor = Number.POSITIVE_INFINITY

  constructor(definition: NetworkDefinition) {
    this.#definition = definition
  }

  /** New conditions; what was drawn so far stays drawn. */
  update(definition: NetworkDefinition): void {
    this.#definition = definition
    for (const [way, shaper] of this.#shapers) {
      const [from = '', to = ''] = way.split(' ')
      const conditions = conditionsBetween(definition, from, to)
      if (shaper !== null) shaper.conditions = conditions
      else if (!isPlain(conditions)) this.#shapers.delete(way)
    }
  }

  /** Whether frames from one machine to the other just pass. */
  isPlain(from: string, to: string): boolean {
    const shaper = this.#find(from, to)
    return shaper === null || isPlain(shaper.conditions)
  }

  /** Sends a copy of one frame, its length before it, on its way; `arrive` is called for each that arrives. */
  send(from: string, to: string, framed: Buffer, arrive: (framed: Buffer) => void): Lost | null {
    const shaper = this.#find(from, to)
    if (shaper === null) {
      arrive(framed)
      return null
    }
    const now = performance.now()
    const fate = shaper.fate(framed.length - 4, now)
    if ('lost' in fate) return fate.lost
    for (const at of fate.at) if (!this.#line.add(at, Buffer.from(framed), arrive)) return 'backlog'
    this.#arm(now)
    return null
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #find(from: string, to: string): Shaper | null {
    const way = `${from} ${to}`
    const known = this.#shapers.get(way)
    if (known !== undefined) return known
    const conditions = conditionsBetween(this.#definition, from, to)
    const seed = `${this.#definition.seed}/${this.#definition.name}/${way}`
    const shaper = isPlain(conditions) ? null : new Shaper(conditions, seed)
    this.#shapers.set(way, shaper)
    return shaper
  }

  #arm(now: number): void {
    const next = this.#line.next
    if (next === undefined || next >= this.#armedFor) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#armedFor = next
    // A timer comes up to a millisecond late, never early.
    this.#timer = setTimeout(() => this.#due(), Math.max(0, Math.floor(next - now)))
  }

  #due(): void {
    this.#timer = null
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = performance.now()
    this.#line.take(now + 0.5)
    this.#arm(now)
  }
}

/** The network's conditions with the pair's over them. */
export function conditionsBetween(
  { conditions, pairs }: NetworkDefinition,
  a: string,
  b: string,
): Conditions {
  const pair = pairs.filter(({ between }) => between.includes(a) && between.includes(b))
  return Object.assign({}, conditions, ...pair.map((each) => each.conditions))
}
