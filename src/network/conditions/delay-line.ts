/** Bytes that wait at most, over all ways; more is lost, so that no conditions fill the memory. */
const mostBytes = 64 * 1024 * 1024

interface Waiting {
  at: number
  /** Of two for the same time the one that came first. */
  order: number
  bytes: Buffer
  arrive: (bytes: Buffer) => void
}

/**
 * Frames on their way: a heap by time. Pure: `take` hands over what is due, `next` says when to come back.
 */
export class DelayLine {
  readonly #heap: Waiting[] = []
  #order = 0
  #bytes = 0

  /** False: there is no room. */
  add(at: number, bytes: Buffer, arrive: (bytes: Buffer) => void): boolean {
    if (this.#bytes + bytes.length > mostBytes) return false
    this.#bytes += bytes.length
    this.#order += 1
    this.#up({ at, order: this.#order, bytes, arrive })
    return true
  }

  /** The time of the earliest; undefined where nothing waits. */
  get next(): number | undefined {
    return this.#heap[0]?.at
  }

  get size(): number {
    return this.#heap.length
  }

  /** Hands over all that is due at `now`, in the order of their times. */
  take(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst()
      this.#bytes -= first.bytes.length
      first.arrive(first.bytes)
    }
  }

  #up(waiting: Waiting): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(waiting)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !before(waiting, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = waiting
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = at * 2 + 1
      const [one, other] = [heap[left], heap[left + 1]]
      if (one === undefined) break
      const smaller = other !== undefined && before(other, one) ? left + 1 : left
      const child = heap[smaller]
      if (child === undefined || !before(child, last)) break
      heap[at] = child
      at = smaller
    }
    heap[at] = last
  }
}

function before(a: Waiting, b: Waiting): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
