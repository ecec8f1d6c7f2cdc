/** Milliseconds that a sender waits for a receiver that is full. */
const usualPatience = 50

/** A port of the switch, as far as its queues go. */
export interface Queue {
  readonly isFull: boolean
  pause(): void
  resume(): void
}

/**
 * Back-pressure with an end: who sends to a port that is full is not read from until the port has drained,
 * but only for some milliseconds. From then on the port counts as stuck, and what is sent to it is
 * lost until it has drained; so a machine that does not read costs the others one short wait.
 */
export class Congestion {
  readonly #patience: number
  readonly #stuck = new Set<Queue>()
  readonly #waiting = new Map<Queue, { senders: Set<Queue>; timer: NodeJS.Timeout }>()

  constructor(patience: number = usualPatience) {
    this.#patience = patience
  }

  isStuck(queue: Queue): boolean {
    return this.#stuck.has(queue)
  }

  /** To be called when `sender` has filled `queue`. */
  hold(sender: Queue, queue: Queue): void {
    if (this.#stuck.has(queue)) return
    const waiting = this.#waiting.get(queue) ?? this.#begin(queue)
    if (waiting.senders.has(sender)) return
    waiting.senders.add(sender)
    sender.pause()
  }

  /** To be called when what was kept for the port is sent, or the port is gone. */
  drained(queue: Queue): void {
    this.#stuck.delete(queue)
    this.#release(queue)
  }

  /** The port is gone, as receiver and as sender. */
  forget(queue: Queue): void {
    this.drained(queue)
    for (const { senders } of this.#waiting.values()) senders.delete(queue)
  }

  #begin(queue: Queue) {
    const timer = setTimeout(() => {
      if (queue.isFull) this.#stuck.add(queue)
      this.#release(queue)
    }, this.#patience)
    const waiting = { senders: new Set<Queue>(), timer }
    this.#waiting.set(queue, waiting)
    return waiting
  }

  /** A sender that still waits for another port goes on waiting. */
  #release(queue: Queue): void {
    const waiting = this.#waiting.get(queue)
    if (waiting === undefined) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(queue)
    const held = new Set([...this.#waiting.values()].flatMap(({ senders }) => [...senders]))
    for (const sender of waiting.senders) if (!held.has(sender)) sender.resume()
  }
}
