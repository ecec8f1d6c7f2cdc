import type { Ancestor } from './ancestor.ts'
import type { Order } from './host-folder.ts'
import type { Action, Entry, Side } from './reconcile.ts'
import type { Sight } from './sight.ts'

/** What is at a path of a side now, with its stamp: as it was seen, or as the ancestor has it. */
export function thereOf(
  side: Side,
  path: string,
  { sight, ancestor }: { sight: Sight; ancestor: Ancestor },
): Order['there'] {
  const seen = sight.changed.get(path)
  if (seen !== undefined) return seen
  const known = ancestor.get(path)
  return known === null ? null : { ...known, stamp: known[side] }
}

/** The carrying actions to a side as orders: what is removed first, the innermost of it before, then what comes. */
export function ordersOf(
  side: Side,
  actions: readonly Action[],
  there: (path: string) => Order['there'],
): { removing: Order[]; coming: Order[] } {
  const removing: Order[] = []
  const coming: Order[] = []
  for (const action of actions) {
    if (action.do !== 'carry' || action.to !== side) continue
    const { path, entry } = action
    if (entry === null) removing.push({ path, entry, there: there(path) })
    else coming.push({ path, entry, there: there(path) })
  }
  return { removing: removing.reverse(), coming }
}

/** What effects that were cut off left behind. */
export interface Settled {
  /** Effects that had taken place: what then counts as the ancestor's. */
  done: Map<string, Entry | null>
  /** What is missing, or empty, on a side because it was on its way to it. */
  gaps: Map<string, Side>
}

/** Tells what a kill left from what a user did: what was to come and is missing was not deleted. Pure. */
export function settleIntents(ancestor: Ancestor, sights: Record<Side, Sight>): Settled {
  const settled: Settled = { done: new Map(), gaps: new Map() }
  for (const [path, intents] of ancestor.intents)
    for (const { side, entry } of intents) {
      const seen = sights[side].changed.get(path)
      if (seen === undefined || entry === null) continue
      if (seen !== null && seen.digest === entry.digest && seen.kind === entry.kind)
        settled.done.set(path, entry)
      else if (
        ancestor.has(path) &&
        (seen === null || (seen.kind === 'file' && seen.size === 0 && entry.size > 0))
      )
        settled.gaps.set(path, side)
    }
  for (const path of settled.done.keys()) settled.gaps.delete(path)
  return settled
}

/** The actions of a reconciliation in which gaps counted as unchanged, with those that fill them. Pure. */
export function fillGaps(actions: readonly Action[], gaps: Settled['gaps']): Action[] {
  return actions.map((action) => {
    const to = gaps.get(action.path)
    if (to === undefined || action.do !== 'record' || action.entry === null) return action
    return { do: 'carry', path: action.path, to, entry: action.entry, over: null }
  })
}
