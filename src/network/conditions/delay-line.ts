/** What is on its way. */
export interface Travelling {
  /** The machine that sent it. */
  from: string
  bytes: Buffer
}

/**
 * Bytes and frames that wait at most, over all ways of a network; more is lost, so that no conditions fill the
 * memory. Half of it is any one sender's share, so that none takes the others' room.
 */
export const mostWaiting = { bytes: 64 * 1024 * 1024, frames: 128 * 1024 }
const share = 0.5

interface Waiting<T> {
  at: number
  /** Of two for the same time the one that came first. */
  order: number
  item: T
}

interface Room {
  bytes: number
  frames: number
}

/**
 * Frames on their way: a heap by time. Pure: `take` hands over what is due, `next` says when to come back.
 */
export class DelayLine<T extends Travelling> {
  #heap: Waiting<T>[] = []
  #order = 0
  readonly #all: Room = { bytes: 0, frames: 0 }
  readonly #senders = new Map<string, Room>()

  /** False: there is no room. */
  add(at: number, item: T): boolean {
    const own = this.#senders.get(item.from) ?? { bytes: 0, frames: 0 }
    if (!hasRoom(this.#all, item, 1) || !hasRoom(own, item, share)) return false
    this.#senders.set(item.from, own)
    this.#count(item, 1)
    this.#order += 1
    this.#up({ at, order: this.#order, item })
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
  take(now: number, arrive: (item: T) => void): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst()
      this.#count(first.item, -1)
      arrive(first.item)
    }
  }

  /** Takes out what fits, in the order in which it came. */
  remove(fits: (item: T) => boolean): T[] {
    const taken: Waiting<T>[] = []
    const left: Waiting<T>[] = []
    for (const waiting of this.#heap) (fits(waiting.item) ? taken : left).push(waiting)
    for (const { item } of taken) this.#count(item, -1)
    this.#heap = []
    for (const waiting of left) this.#up(waiting)
    return taken.sort((a, b) => a.order - b.order).map(({ item }) => item)
  }

  #count({ from, bytes }: T, sign: 1 | -1): void {
    const own = this.#senders.get(from)
    for (const room of own === undefined ? [this.#all] : [this.#all, own]) {
      room.bytes += sign * bytes.length
      room.frames += sign
    }
    if (own?.frames === 0) this.#senders.delete(from)
  }

  #up(waiting: Waiting<T>): void {
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

function hasRoom({ bytes, frames }: Room, item: Travelling, part: number): boolean {
  return bytes + item.bytes.length <= mostWaiting.bytes * part && frames < mostWaiting.frames * part
}

function before(a: Waiting<unknown>, b: Waiting<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
