import { type DropReason, dropReasons } from '../link/counters.ts'

/** Milliseconds between two lines about one machine's frames of one kind. */
const between = 60_000

/** Tells the log of one network that a machine's frames are refused: the first at once, then how many, once a minute. */
export class Refusals {
  readonly #log: (message: string) => void
  readonly #seen = new Map<string, { at: number; since: number }>()

  constructor(log: (message: string) => void) {
    this.#log = log
  }

  note(machine: string, reason: DropReason, now: number): void {
    const key = `${machine}: ${reason}`
    const seen = this.#seen.get(key)
    if (seen !== undefined && now - seen.at < between) {
      seen.since += 1
      return
    }
    const more = seen === undefined || seen.since === 0 ? '' : `, and ${seen.since} before it`
    this.#log(`a frame of ${machine} is refused: ${dropReasons[reason]}${more}`)
    this.#seen.set(key, { at: now, since: 0 })
  }
}
