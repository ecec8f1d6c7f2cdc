import { type Entry, isNull, type MapNode, type Node } from './node.ts'

/**
 * `over` laid over `base`: mappings are merged key by key, lists and single values replaced, and
 * `null` removes a key; a `null` with nothing to remove stays, for the schema to judge. Every value
 * keeps the place where it was written; a merged mapping has that of `keep`. Pure.
 */
export function merge(base: MapNode, over: MapNode, keep: 'base' | 'over'): MapNode {
  const entries = new Map(base.entries)
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key)
    if (below === undefined) entries.set(key, entry)
    else if (isNull(entry.value)) entries.delete(key)
    else if (below.value.kind === 'map' && entry.value.kind === 'map') {
      const owner = keep === 'base' ? below : entry
      entries.set(key, { ...owner, value: merge(below.value, entry.value, keep) })
    } else entries.set(key, entry)
  }
  return { kind: 'map', entries, span: keep === 'base' ? base.span : over.span }
}

/** What is written at a path, or at the nearest ancestor that is written; undefined where nothing of it is. */
export function nearestEntry(node: Node, path: readonly (string | number)[]): Entry | Node | undefined {
  let found: Entry | Node | undefined
  let current: Node | undefined = node
  for (const step of path) {
    if (current?.kind === 'map') {
      const entry: Entry | undefined = current.entries.get(String(step))
      if (entry === undefined) break
      found = entry
      current = entry.value
    } else if (current?.kind === 'list' && typeof step === 'number') {
      const item: Node | undefined = current.items[step]
      if (item === undefined) break
      found = item
      current = item
    } else break
  }
  return found
}
