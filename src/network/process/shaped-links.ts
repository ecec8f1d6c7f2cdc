import { isDeepStrictEqual } from 'node:util'
import { lengthBytes } from '../../lib/net/framing.ts'
import type { Conditions } from '../../lib/values/link-conditions.ts'
import { DelayLine, type Travelling } from '../conditions/delay-line.ts'
import { isPlain } from '../conditions/read.ts'
import { type Fate, type Journey, Shaper } from '../conditions/shaper.ts'
import type { NetworkDefinition } from '../config.ts'

export type Lost = Extract<Fate, { lost: string }>['lost']

/** From one machine to another. */
interface Way {
  from: string
  to: string
  shaper: Shaper
}

/** A frame on its way. */
interface Frame extends Travelling {
  way: Way
  journey: Journey
  arrive: (framed: Buffer) => void
}

/** Milliseconds: a timer for longer than 2^31 would come at once. */
const longestWait = 2 ** 30

/** The ways from machine to machine on one network, each with its conditions. */
export class ShapedLinks {
  readonly #line = new DelayLine<Frame>()
  readonly #links = new Map<string, Way | null>()
  readonly #lost: (from: string, reason: Lost) => void
  #definition: NetworkDefinition
  #timer: NodeJS.Timeout | null = null
  #armedFor = Number.POSITIVE_INFINITY

  /** @param lost told of each frame that does not arrive, with the machine that sent it */
  constructor(definition: NetworkDefinition, lost: (from: string, reason: Lost) => void) {
    this.#definition = definition
    this.#lost = lost
  }

  /**
   * New conditions; what was drawn so far stays drawn. What is on its way goes by them, too: where a way is
   * cut it does not arrive any more.
   */
  update(definition: NetworkDefinition): void {
    this.#definition = definition
    const now = performance.now()
    const members = new Set(definition.members.map(({ machine }) => machine))
    for (const [name, way] of this.#links) {
      if (way === null) this.#links.delete(name)
      else if (members.has(way.from) && members.has(way.to)) this.#change(way, now)
      else {
        this.#links.delete(name)
        this.#line.remove((frame) => frame.way === way)
      }
    }
    this.#due()
  }

  /** The way from one machine to the other; null where frames just pass. */
  shaped(from: string, to: string): Way | null {
    const way = this.#find(from, to)
    return way === null || isPlain(way.shaper.conditions) ? null : way
  }

  /** Sends a copy of one frame, its length before it, on its way; `arrive` is called for each that arrives. */
  send(way: Way, framed: Buffer, arrive: (framed: Buffer) => void): void {
    const { from } = way
    const now = performance.now()
    const fate = way.shaper.fate(framed.length - lengthBytes, now)
    if ('lost' in fate) {
      this.#lost(from, fate.lost)
      return
    }
    const { journey, copies } = fate
    for (let copy = 0; copy < copies; copy++)
      this.#put({ from, way, bytes: Buffer.from(framed), journey, arrive })
    this.#arm(now)
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #find(from: string, to: string): Way | null {
    const name = `${from} ${to}`
    const known = this.#links.get(name)
    if (known !== undefined) return known
    const conditions = conditionsBetween(this.#definition, from, to)
    const seed = `${this.#definition.seed}/${this.#definition.name}/${name}`
    const way = isPlain(conditions) ? null : { from, to, shaper: new Shaper(conditions, seed) }
    this.#links.set(name, way)
    return way
  }

  #change(way: Way, now: number): void {
    const conditions = conditionsBetween(this.#definition, way.from, way.to)
    if (isDeepStrictEqual(conditions, way.shaper.conditions)) return
    const frames = this.#line.remove((frame) => frame.way === way)
    const journeys = way.shaper.change(
      conditions,
      now,
      frames.map(({ journey }) => journey),
    )
    for (const [index, frame] of frames.entries()) {
      const journey = journeys?.[index]
      if (journey === undefined) this.#lost(way.from, 'cut')
      else this.#put({ ...frame, journey })
    }
  }

  #put(frame: Frame): void {
    if (!this.#line.add(frame.journey.at, frame)) this.#lost(frame.from, 'backlog')
  }

  #arm(now: number): void {
    const next = this.#line.next
    if (next === undefined || next >= this.#armedFor) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#armedFor = next
    // A timer comes up to a millisecond late, never early.
    const wait = Math.min(longestWait, Math.max(0, Math.floor(next - now)))
    this.#timer = setTimeout(() => this.#due(), wait)
  }

  #due(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = performance.now()
    this.#line.take(now + 0.5, ({ bytes, arrive }) => arrive(bytes))
    this.#arm(now)
  }
}

/** The network's conditions with the pair's over them. */
function conditionsBetween({ conditions, pairs }: NetworkDefinition, a: string, b: string): Conditions {
  const pair = pairs.filter(({ between }) => between.includes(a) && between.includes(b))
  return Object.assign({}, conditions, ...pair.map((each) => each.conditions))
}
