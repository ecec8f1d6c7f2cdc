import { type Order, type Outcome, stale } from './host-folder.ts'
import { ordersOf, thereOf } from './orders.ts'
import type { Packing } from './pack-files.ts'
import { type Action, type Entry, isSame, type Side } from './reconcile.ts'
import { drain, type Session } from './session.ts'
import type { Sight } from './sight.ts'
import { carryToGuest } from './to-guest.ts'
import { carryToHost } from './to-host.ts'
import { TrashBatch } from './trash.ts'
import type { SyncCount } from './types.ts'

/** Paths and bytes that are carried at once. */
const batchLimits = { paths: 4000, bytes: 64 * 2 ** 20 }

/** Paths and bytes of what leaves its place in the guest and may wait there: it takes two round trips to bring it. */
const smallLimits = { paths: 20, bytes: 2 ** 18 }

function isSmall(orders: readonly Order[]): boolean {
  const bytes = orders.reduce((sum, { there }) => sum + (there?.size ?? 0), 0)
  return orders.length <= smallLimits.paths && bytes <= smallLimits.bytes
}

export type Sights = Record<Side, Sight>

/** Carries the actions of one pass out. */
export class Run {
  readonly #session: Session
  readonly #sights: Sights
  readonly again: string[] = []
  /** Of files, with what was recorded of them. */
  readonly recorded: [path: string, entry: Entry][] = []
  readonly refused = new Map<string, string>()
  readonly counts: Record<Side, SyncCount> = {
    host: { written: 0, removed: 0, bytes: 0 },
    guest: { written: 0, removed: 0, bytes: 0 },
  }

  constructor(session: Session, sights: Sights) {
    this.#session = session
    this.#sights = sights
  }

  async carry(actions: readonly Action[], progress: (behind: number, bytes: number) => void): Promise<void> {
    for (const action of actions) if (action.do === 'record') this.#record(action.path, action.entry, {})
    for (const side of ['guest', 'host'] as const) {
      const { removing, coming } = ordersOf(side, actions, (path) =>
        thereOf(side, path, { sight: this.#sights[side], ancestor: this.#session.ancestor }),
      )
      let left = [...removing, ...coming].reduce((sum, { entry }) => sum + (entry?.size ?? 0), 0)
      let behind = removing.length + coming.length
      for (const batch of batches(removing, coming)) {
        progress(behind, left)
        const now = { behind, left }
        await this.#batch(side, batch, (bytes, items) => {
          now.behind -= items
          now.left -= bytes
          progress(now.behind, now.left)
        })
        for (const { entry } of [...batch.removing, ...batch.coming]) {
          left -= entry?.size ?? 0
          behind -= 1
        }
      }
    }
    progress(0, 0)
  }

  async #batch(
    side: Side,
    batch: { removing: Order[]; coming: Order[] },
    onPacked: Packing['onPacked'],
  ): Promise<void> {
    const { ancestor, guest, root, work, pair } = this.#session
    const all = [...batch.removing, ...batch.coming]
    await ancestor.intend(
      side,
      all.map(({ path, entry }) => [path, entry] as const),
    )
    let outcomes: Map<string, Outcome>
    if (side === 'host') {
      this.#session.isHostDirty = true
      const trash = new TrashBatch(pair.stateDir, 'host')
      outcomes = await carryToHost({ root, work, trash }, guest, batch)
    } else {
      this.#session.isGuestDirty = true
      const carried = await carryToGuest(root, guest, { ...batch, onPacked })
      outcomes = carried.outcomes
      const { batch: out } = carried
      if (out !== null && isSmall(all)) this.#session.batches.push(out)
      else if (out !== null) await drain(this.#session, out)
      for (const path of carried.overtaken)
        this.refused.set(path, 'it was changed in the guest at that moment: that version is in the trash')
    }
    for (const { path, entry, there } of all) {
      const outcome = outcomes.get(path) ?? stale
      if (outcome === stale) this.again.push(path)
      else if (outcome.startsWith('!')) this.refused.set(path, outcome.slice(1))
      else {
        this.#record(path, entry, { [side]: outcome })
        const count = this.counts[side]
        if (entry === null) count.removed += 1
        else count.written += 1
        if (entry !== null && entry.digest !== there?.digest) count.bytes += entry.size
        if (outcome === '?') this.again.push(path)
      }
    }
  }

  #record(path: string, entry: Order['entry'], stamps: Partial<Record<Side, string>>): void {
    const { ancestor } = this.#session
    if (entry === null) {
      ancestor.set(path, null)
      return
    }
    const before = ancestor.get(path)
    const stamp = (side: Side) => {
      const seen = this.#sights[side].changed.get(path)
      return stamps[side] ?? (seen != null && isSame(seen, entry) ? seen.stamp : (before?.[side] ?? '?'))
    }
    const { kind, mode, size, digest } = entry
    if (kind === 'file' && this.#session.pair.merge) this.recorded.push([path, entry])
    ancestor.set(path, { kind, mode, size, digest, host: stamp('host'), guest: stamp('guest') })
  }
}

function* batches(
  removing: readonly Order[],
  coming: readonly Order[],
): Generator<{ removing: Order[]; coming: Order[] }> {
  let batch: { removing: Order[]; coming: Order[] } = { removing: [...removing], coming: [] }
  let bytes = 0
  for (const order of coming) {
    batch.coming.push(order)
    bytes += order.entry?.size ?? 0
    if (batch.coming.length < batchLimits.paths && bytes < batchLimits.bytes) continue
    yield batch
    batch = { removing: [], coming: [] }
    bytes = 0
  }
  if (batch.removing.length + batch.coming.length > 0) yield batch
}
