import type { Ancestor, Marks } from './ancestor.ts'
import type { Ignored } from './ignored.ts'
import { type Entry, parentOf, type Side } from './reconcile.ts'
import { isAsStamped, type Stat, stampOf } from './stamp.ts'

/** What a side has at a path, and what its file system says of it. */
export interface Seen extends Entry {
  stamp: string
  /** Nanoseconds since 1970, by the side's own clock. */
  changed: bigint
}

/** How a side differs from the common ancestor. */
export interface Sight {
  /** Null: it is gone. What is equal may be among them, with a new stamp. */
  changed: Map<string, Seen | null>
  /** What cannot be carried, and why. */
  odd: Map<string, string>
  /** What was written to while it was read. */
  busy: Set<string>
}

/** Which paths are looked at: all, or some and all that is below them. */
export type Scope = 'all' | readonly string[]

/** Contents of what may have changed: a digest, `busy`, or, after `!`, why it cannot be read. */
export type Digests = (found: ReadonlyMap<string, Stat>) => Promise<ReadonlyMap<string, string>>

/** Takes what a side's file system lists, and finds what differs from the common ancestor. */
export class Finder {
  readonly #side: Side
  readonly #ancestor: Ancestor
  readonly #ignored: Ignored
  readonly #marks: Marks
  #count = 0
  readonly #suspects = new Map<string, Stat>()
  readonly #odd = new Map<string, string>()
  /** New folders that hold something which stays behind, and how much else new ones hold. */
  readonly #partly = new Set<string>()
  readonly #held = new Map<string, number>()

  constructor(side: Side, { ancestor, ignored }: { ancestor: Ancestor; ignored: Ignored }, scope: Scope) {
    this.#side = side
    this.#ancestor = ancestor
    this.#ignored = ignored
    this.#marks = scope === 'all' ? ancestor.marks() : ancestor.marksIn(scope)
  }

  get count(): number {
    return this.#count
  }

  /** Takes one path; false: it stays behind, with all that is below it. */
  see(path: string, stat: Stat): boolean {
    if (this.#ignored.has(path, stat.kind === 'folder')) {
      const parent = parentOf(path)
      if (parent !== null && !this.#ancestor.has(parent)) this.#partly.add(parent)
      return false
    }
    this.#mark(path)
    if (stat.kind === 'odd') this.#odd.set(path, 'it is a pipe, a socket or a device')
    else if (!this.#isKnown(path, stat)) this.#suspects.set(path, stat)
    return true
  }

  /** Marks a path as one that cannot be carried. */
  refuse(path: string, why: string): void {
    this.#mark(path)
    this.#odd.set(path, why)
  }

  /** `now`: nanoseconds, by the side's clock, when it began to list. */
  async finish(now: bigint, digests: Digests): Promise<Sight> {
    this.#dropLeftFolders()
    const sight: Sight = { changed: new Map(), odd: this.#odd, busy: new Set() }
    const read = await digests(this.#suspects)
    for (const [path, stat] of this.#suspects) {
      const digest = stat.kind === 'folder' ? '' : read.get(path)
      if (digest === undefined || digest === 'busy') sight.busy.add(path)
      else if (digest.startsWith('!')) sight.odd.set(path, digest.slice(1))
      else {
        const { mode, size, changed } = stat
        const kind = stat.kind as Entry['kind']
        const stamp = stampOf(stat, now)
        sight.changed.set(path, { kind, mode, size: kind === 'folder' ? 0 : size, digest, stamp, changed })
      }
    }
    for (const path of this.#marks.unmarked()) sight.changed.set(path, null)
    return sight
  }

  #isKnown(path: string, stat: Stat): boolean {
    const known = this.#ancestor.get(path)
    if (known === null || known.kind !== stat.kind) return false
    const isModeKept = known.kind === 'link' || known.mode === stat.mode
    return isModeKept && isAsStamped(stat, known[this.#side])
  }

  /** A new folder in which there is nothing but what stays behind is what is left of one that was removed. */
  #dropLeftFolders(): void {
    for (const path of [...this.#partly].sort().reverse()) {
      let at: string | null = path
      while (at !== null && this.#suspects.get(at)?.kind === 'folder' && (this.#held.get(at) ?? 0) === 0) {
        this.#suspects.delete(at)
        at = parentOf(at)
        if (at !== null) this.#held.set(at, (this.#held.get(at) ?? 0) - 1)
      }
    }
  }

  #mark(path: string): void {
    this.#count += 1
    this.#marks.mark(path)
    const parent = parentOf(path)
    if (parent !== null && !this.#ancestor.has(parent))
      this.#held.set(parent, (this.#held.get(parent) ?? 0) + 1)
  }
}
