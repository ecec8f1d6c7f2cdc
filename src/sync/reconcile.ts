import type { Version } from './types.ts'

/** One side's version of a path, with what tells contents apart. */
export interface Entry extends Version {
  /** SHA-256, in hex, of a file's content or of a link's target; empty for a folder. */
  digest: string
}

export type Side = 'host' | 'guest'

/** What both sides look like against their common ancestor. Paths are relative, each character a byte. */
export interface Difference {
  ancestor(path: string): Entry | null
  /** A side's paths that differ from the ancestor, or may; null: nothing is there. The others are as the ancestor has them. */
  host: ReadonlyMap<string, Entry | null>
  guest: ReadonlyMap<string, Entry | null>
  /** What cannot be carried, and is left alone with all that is below it. */
  frozen: ReadonlySet<string>
  /** The side whose version a conflict ends with; null: it stays one. */
  winner?: (path: string) => Side | null
}

/** One step of making both sides equal. */
export type Action =
  /** Both sides agree: it becomes the ancestor's. */
  | { do: 'record'; path: string; entry: Entry | null }
  /** The side gets the entry, or loses what it has; `over` is what it has now. */
  | { do: 'carry'; path: string; to: Side; entry: Entry | null; over: Entry | null }
  /** Each side keeps what it has. */
  | { do: 'conflict'; path: string; host: Entry | null; guest: Entry | null }

function changesSomething(action: Action): boolean {
  return action.do !== 'carry' || !isSame(action.entry, action.over)
}

interface Settling {
  versions: (path: string) => Versions
  winner: (path: string) => Side | null
}

/** A conflict that one side wins: all that is below it is as that side has it. */
function settle(
  paths: readonly string[],
  decided: Map<string, Action[]>,
  { versions, winner }: Settling,
): void {
  const won = new Map<string, Side>()
  for (const path of paths) {
    const [action] = decided.get(path) ?? []
    const parent = parentOf(path)
    const above = parent === null ? undefined : won.get(parent)
    const side = above ?? (action?.do === 'conflict' ? winner(path) : null)
    if (side === null) continue
    won.set(path, side)
    const { host, guest } = versions(path)
    const [entry, over, to] =
      side === 'host' ? ([host, guest, 'guest'] as const) : ([guest, host, 'host'] as const)
    decided.set(path, [
      isSame(host, guest) ? { do: 'record', path, entry } : { do: 'carry', path, to, entry, over },
    ])
  }
}

interface Versions {
  ancestor: Entry | null
  host: Entry | null
  guest: Entry | null
}

/**
 * Decides what makes both sides equal: what one side changed goes to the other, a change outlives a deletion, and what
 * both changed in different ways is a conflict. Nothing is removed that was not in the ancestor and is missing on the other
 * side now. Folders come before what is in them. Pure.
 */
export function reconcile(difference: Difference): Action[] {
  const { host, guest, frozen } = difference
  const paths = [...new Set([...host.keys(), ...guest.keys()])].sort()
  const decided = new Map<string, Action[]>()
  const versions = (path: string): Versions => {
    const ancestor = difference.ancestor(path)
    const of = (side: ReadonlyMap<string, Entry | null>) =>
      side.get(path) ?? (side.has(path) ? null : ancestor)
    return { ancestor, host: of(host), guest: of(guest) }
  }
  for (const path of paths)
    if (!frozen.has(path)) decided.set(path, decide(path, versions(path)).filter(changesSomething))
  for (const path of paths) keepFolders(path, decided, versions)
  settle(paths, decided, { versions, winner: difference.winner ?? (() => null) })
  const closed = new Set(frozen)
  for (const [path, [first]] of decided) if (first?.do === 'conflict') closed.add(path)
  return paths.flatMap((path) => (hasParentIn(path, closed) ? [] : (decided.get(path) ?? [])))
}

/** Whether two versions are one: permission bits count, a link's do not. */
export function isSame(a: Entry | null, b: Entry | null): boolean {
  return isSameContent(a, b) && (a?.kind === 'link' || a?.mode === b?.mode)
}

function isSameContent(a: Entry | null, b: Entry | null): boolean {
  return a === null || b === null ? a === b : a.kind === b.kind && a.digest === b.digest
}

function decide(path: string, { ancestor, host, guest }: Versions): Action[] {
  const toGuest: Action = { do: 'carry', path, to: 'guest', entry: host, over: guest }
  const toHost: Action = { do: 'carry', path, to: 'host', entry: guest, over: host }
  if (isSame(host, guest)) return [{ do: 'record', path, entry: host }]
  if (isSame(host, ancestor)) return [toHost]
  if (isSame(guest, ancestor)) return [toGuest]
  if (host === null) return [toHost]
  if (guest === null) return [toGuest]
  if (isSameContent(host, guest)) return [toGuest]
  if (ancestor === null || host.kind !== guest.kind) return [{ do: 'conflict', path, host, guest }]
  // One side changed the mode, the other the content.
  if (isSameContent(host, ancestor)) {
    const both = { ...guest, mode: host.mode }
    return [
      { ...toHost, entry: both },
      { ...toGuest, entry: both },
    ]
  }
  if (isSameContent(guest, ancestor)) {
    const both = { ...host, mode: guest.mode }
    return [
      { ...toGuest, entry: both },
      { ...toHost, entry: both },
    ]
  }
  return [{ do: 'conflict', path, host, guest }]
}

/** What stays or comes needs the folders above it: one that was deleted comes back, one that became a file is a conflict. */
function keepFolders(
  path: string,
  decided: Map<string, Action[]>,
  versions: (path: string) => Versions,
): void {
  const own = decided.get(path)
  if (own?.every((action) => action.do !== 'conflict' && action.entry === null)) return
  for (let at = parentOf(path); at !== null; at = parentOf(at)) {
    const [action] = decided.get(at) ?? []
    if (action === undefined || action.do === 'conflict' || action.entry?.kind === 'folder') continue
    const { host, guest } = versions(at)
    const folder = host?.kind === 'folder' ? host : guest
    const to = host?.kind === 'folder' ? 'guest' : 'host'
    if (action.entry !== null) decided.set(at, [{ do: 'conflict', path: at, host, guest }])
    else decided.set(at, [{ do: 'carry', path: at, to, entry: folder, over: null }])
  }
}

function hasParentIn(path: string, closed: ReadonlySet<string>): boolean {
  for (let at = parentOf(path); at !== null; at = parentOf(at)) if (closed.has(at)) return true
  return false
}

/** Whether a path is one of some, or below one. */
export function isWithin(path: string, some: ReadonlySet<string>): boolean {
  for (let at: string | null = path; at !== null; at = parentOf(at)) if (some.has(at)) return true
  return false
}

/** The folder that a relative path lies in; null for one in the root. */
export function parentOf(path: string): string | null {
  const end = path.lastIndexOf('/')
  return end < 0 ? null : path.slice(0, end)
}
