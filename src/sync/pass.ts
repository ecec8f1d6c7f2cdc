import { lstatSync } from 'node:fs'
import type { Known } from './ancestor-records.ts'
import { forgetChoices, listConflicts, recordedChoices, writeConflicts } from './conflicts.ts'
import { scanGuest } from './guest-scan.ts'
import type { Order } from './host-folder.ts'
import { scanHost } from './host-scan.ts'
import { Ignored } from './ignored.ts'
import { mergeConflicts } from './merging.ts'
import { fillGaps, settleIntents } from './orders.ts'
import { pathOf, textOf } from './paths.ts'
import { type Action, isWithin, parentOf, reconcile, type Side } from './reconcile.ts'
import { Run, type Sights } from './run.ts'
import { emptied, type Session } from './session.ts'
import type { Scope, Sight } from './sight.ts'
import type { Conflict, Resolution, SyncCount, SyncReport } from './types.ts'

/** What one reconciliation did, and what has to be looked at again. */
export interface PassResult extends SyncReport {
  again: string[]
}

const none: SyncCount = { written: 0, removed: 0, bytes: 0 }
const nothing = { toGuest: none, toHost: none, skipped: [], again: [] }

interface PassOptions {
  /** Told what is known and not carried yet. */
  progress?: (behind: number, bytes: number) => void
  /** Whether all of the guest's changes are heard of, and none was in the scope. */
  isGuestQuiet?: boolean
}

/** Looks at both sides, decides, and carries it out. */
async function pass(
  session: Session,
  scope: Scope,
  { progress = () => undefined, isGuestQuiet = false }: PassOptions,
): Promise<PassResult> {
  const { pair } = session
  if (scope === 'all') renewIgnored(session)
  const { choices, files } = await recordedChoices(pair.stateDir)
  if (scope.length === 0 && choices.size === 0 && session.ancestor.intents.size === 0)
    return { ...nothing, conflicts: (await listConflicts(pair.stateDir)).length }
  const open = scope === 'all' ? [] : await openPaths(session, choices)
  const wide = scope === 'all' ? scope : widened(session, [...scope, ...open])
  const isSure = isGuestQuiet && open.length === 0 && isKnownAtGuest(session, wide)
  const sights = await look(session, wide, isSure)
  const decided = decide(session, sights, choices)
  const merged = pair.merge ? await mergeConflicts(session, sights, decided) : new Set<string>()
  const actions = decided.filter(({ path }) => !merged.has(path))
  refuseEmptying(session, actions)
  const rules = actions.filter(
    (action) => action.do === 'carry' && action.to === 'host' && session.ignored.concerns(action.path),
  )
  const now = rules.length > 0 ? withParents(actions, rules) : actions
  const run = new Run(session, sights)
  await run.carry(now, progress)
  for (const [path, entry] of run.recorded) await session.bases.keep(session.root, path, entry)
  const again = [...run.again, ...merged, ...(rules.length > 0 ? actions.map(({ path }) => path) : [])]
  if (rules.length > 0) renewIgnored(session)
  const conflicts = await keepConflicts(session, wide, { actions, sights })
  if (choices.size > 0 && run.again.length === 0) await forgetChoices(files)
  for (const path of [...sights.host.busy, ...sights.guest.busy]) again.push(path)
  const skipped = [...sights.host.odd, ...sights.guest.odd, ...run.refused].map(([path, why]) => ({
    path: textOf(path),
    why,
  }))
  return { toGuest: run.counts.guest, toHost: run.counts.host, conflicts, skipped, again }
}

function inodeOf(root: string): string | undefined {
  return lstatSync(root, { bigint: true, throwIfNoEntry: false })?.ino.toString()
}

/** What ignore files name now is no longer known: it is neither carried nor removed. */
function renewIgnored(session: Session): void {
  session.ignored = new Ignored(session.pair)
  for (const path of [...session.ancestor.paths()]) {
    const known = session.ancestor.get(path)
    if (session.ignored.has(path, known?.kind === 'folder')) session.ancestor.set(path, null)
  }
}

/** Paths that are looked at again each time: conflicts, and what a kill may have cut off. */
async function openPaths(
  { ancestor, pair }: Session,
  choices: ReadonlyMap<string, Resolution>,
): Promise<string[]> {
  const conflicts = await listConflicts(pair.stateDir)
  const open = conflicts.map(({ path }) => pathOf(path))
  return choices.size > 0 || open.length < 100
    ? [...ancestor.intents.keys(), ...open]
    : [...ancestor.intents.keys()]
}

/** Below a folder that is not known yet, all of it is looked at; of paths that lie in one another the outer ones. */
function widened({ ancestor }: Session, paths: readonly string[]): string[] {
  const wide = new Set<string>()
  for (const path of paths) {
    let top = path
    for (let at = parentOf(path); at !== null; at = parentOf(at))
      if (ancestor.get(at)?.kind !== 'folder') top = at
    wide.add(top)
  }
  return [...wide].filter((path) => !isWithin(parentOf(path) ?? '', wide))
}

/**
 * Whether a commit sees by itself, from its stamp, when the guest has something else at one of a few paths: then it need not be
 * looked at before, which saves a round trip. What cannot be carried because of that is looked at by the next pass.
 */
function isKnownAtGuest({ ancestor }: Session, scope: Scope): boolean {
  if (scope === 'all' || scope.length > 20) return false
  return scope.every((path) => {
    const known = ancestor.get(path)
    return known === null || (known.kind !== 'folder' && !/[~?]$/.test(known.guest))
  })
}

async function look(session: Session, scope: Scope, isGuestKnown: boolean): Promise<Sights> {
  const { root, guest, pair, ancestor } = session
  if (inodeOf(root) !== session.inode) throw emptied(pair.from, 'replaced')
  if (isGuestKnown) {
    const nothing: Sight = { changed: new Map(), odd: new Map(), busy: new Set() }
    return { host: await scanHost(root, session, scope), guest: nothing }
  }
  const [host, there] = await Promise.all([scanHost(root, session, scope), scanGuest(guest, session, scope)])
  if (there.inode !== guest.identity.split('.')[0]) throw emptied(pair.to, 'replaced in the guest')
  if (scope === 'all' && ancestor.size > 0) {
    if (host.count === 0) throw emptied(pair.from, 'emptied')
    if (there.count === 0) throw emptied(pair.to, 'emptied in the guest')
  }
  return { host, guest: there }
}

function decide(session: Session, sights: Sights, choices: ReadonlyMap<string, Resolution>): Action[] {
  const { ancestor } = session
  const { done, gaps } = settleIntents(ancestor, sights)
  const changed = (side: Side) => {
    const map = new Map(sights[side].changed)
    for (const [path, of] of gaps) if (of === side) map.set(path, withStamp(ancestor.get(path)))
    return map
  }
  const frozen = new Set([sights.host, sights.guest].flatMap(({ odd, busy }) => [...odd.keys(), ...busy]))
  const known = (path: string) => done.get(path) ?? ancestor.get(path)
  const winner = (path: string) => chosen(path, sights, choices)
  const sides = { host: changed('host'), guest: changed('guest') }
  return fillGaps(reconcile({ ancestor: known, ...sides, frozen, winner }), gaps)
}

function withStamp(known: Known | null) {
  return known === null ? null : { ...known, stamp: '', changed: 0n }
}

/** The side that was chosen for a conflict. */
function chosen(path: string, sights: Sights, choices: ReadonlyMap<string, Resolution>): Side | null {
  const choice = choices.get(textOf(path))
  const at = (side: Side) => sights[side].changed.get(path)?.changed ?? 0n
  if (choice === 'newest') return at('host') >= at('guest') ? 'host' : 'guest'
  return choice === undefined ? null : choice === 'mine' ? 'host' : 'guest'
}

/** All of a side at once is not deleted: a folder that is gone, or an unmounted disk, looks the same. */
function refuseEmptying({ ancestor, pair }: Session, actions: readonly Action[]): void {
  if (ancestor.size < 2) return
  for (const side of ['host', 'guest'] as const) {
    const removed = actions.filter(
      (action) =>
        action.do === 'carry' && action.to === side && action.entry === null && ancestor.has(action.path),
    )
    if (removed.length >= ancestor.size)
      throw side === 'guest' ? emptied(pair.from, 'emptied') : emptied(pair.to, 'emptied in the guest')
  }
}

function withParents(actions: readonly Action[], some: readonly Action[]): Action[] {
  const wanted = new Set<string>()
  for (const { path } of some)
    for (let at: string | null = path; at !== null; at = parentOf(at)) wanted.add(at)
  return actions.filter(({ path }) => wanted.has(path))
}

async function keepConflicts(
  session: Session,
  scope: Scope,
  { actions }: { actions: readonly Action[]; sights: Sights },
): Promise<number> {
  const { stateDir } = session.pair
  const before = await listConflicts(stateDir)
  const within = scope === 'all' ? null : new Set(scope)
  const isLooked = (path: string) => within === null || isWithin(pathOf(path), within)
  const since = new Map(before.map((conflict) => [conflict.path, conflict.since]))
  const kept = before.filter(({ path }) => !isLooked(path))
  const found = actions.flatMap((action): Conflict[] => {
    if (action.do !== 'conflict') return []
    const path = textOf(action.path)
    return [
      {
        path,
        mine: version(action.host),
        theirs: version(action.guest),
        since: since.get(path) ?? Date.now(),
      },
    ]
  })
  const all = [...kept, ...found].sort((a, b) => (a.path < b.path ? -1 : 1))
  if (JSON.stringify(all) !== JSON.stringify(before)) await writeConflicts(stateDir, all)
  return all.length
}

function version(entry: Order['entry']): Conflict['mine'] {
  return entry === null ? null : { kind: entry.kind, mode: entry.mode, size: entry.size }
}

/** Repeats a pass for what changed meanwhile, some times. */
export async function passes(session: Session, scope: Scope, options: PassOptions = {}): Promise<PassResult> {
  let result = await pass(session, scope, options)
  for (let round = 0; round < 4 && result.again.length > 0; round++) {
    const next = await pass(session, result.again, { ...options, isGuestQuiet: false })
    result = {
      toGuest: sum(result.toGuest, next.toGuest),
      toHost: sum(result.toHost, next.toHost),
      conflicts: next.conflicts,
      skipped: [...result.skipped, ...next.skipped],
      again: next.again,
    }
  }
  return result
}

function sum(a: SyncCount, b: SyncCount): SyncCount {
  return { written: a.written + b.written, removed: a.removed + b.removed, bytes: a.bytes + b.bytes }
}
