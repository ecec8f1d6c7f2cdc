import { readlinkSync } from 'node:fs'
import type { Commit } from './guest-commit.ts'
import type { Committed, GuestFolder } from './guest-folder.ts'
import { isStill, type Order, type Outcome, stale } from './host-folder.ts'
import type { Listed } from './listing.ts'
import { type Packing, packedSize, packFiles, type Sending } from './pack-files.ts'
import { below } from './paths.ts'
import { parentOf } from './reconcile.ts'
import { identityOf, type Stat, stampOf } from './stamp.ts'

export interface CarriedToGuest {
  outcomes: Map<string, Outcome>
  /** What `GuestFolder.drain` takes; null where nothing left its place. */
  batch: string | null
  /** Paths whose place was taken from what no one had seen; it is in the batch. */
  overtaken: string[]
}

/** Bytes of an archive that goes along with its commit: a saved file costs one round trip. */
const goesAlong = 2 ** 18

/** Carries orders out in the guest: one message with what comes, one with what is to be done, or both in one. */
export async function carryToGuest(
  root: string,
  guest: GuestFolder,
  orders: { removing: readonly Order[]; coming: readonly Order[]; onPacked?: Packing['onPacked'] },
): Promise<CarriedToGuest> {
  const { removing, coming, onPacked } = orders
  const arriving = coming.filter(
    ({ entry, there }) => entry?.digest !== there?.digest || entry?.kind !== there?.kind,
  )
  const items: Sending[] = []
  const spoiled = new Set<string>()
  for (const { path, entry } of arriving) {
    const item = entry === null ? null : sendingOf(root, path, entry)
    if (item === null) spoiled.add(path)
    else items.push(item)
  }
  const trees = new Trees(arriving)
  const sent = items.filter((item) => item.kind !== 'folder' || trees.isWithin(item.name))
  const archive = guest.hasAgent && packedSize(sent) <= goesAlong ? await packed(root, sent, spoiled) : null
  const early =
    archive === null && sent.length > 0
      ? await guest.stage(root, sent, onPacked)
      : { staged: new Map<string, Listed>(), spoiled: [] }
  for (const path of early.spoiled) spoiled.add(path)
  const came = archive === null ? early.staged : new Map(sent.map(({ name }) => [name, null]))
  const commit = commitOf({ removing, coming, arriving, trees, spoiled, came, canSwap: guest.hasAgent })
  const done = await guest.commit(commit, sent.length > 0 ? archive : null)
  const staged = archive === null ? early.staged : done.came
  const outcomes = new Map<string, Outcome>()
  const overtaken: string[] = []
  for (const order of [...removing, ...coming]) {
    const out = done.out.get(order.path)
    const isOvertaken =
      out !== undefined &&
      order.there !== null &&
      order.there.kind !== 'folder' &&
      !isStill(out, order.there.stamp)
    if (isOvertaken) overtaken.push(order.path)
    outcomes.set(order.path, spoiled.has(order.path) ? stale : outcomeOf(order, done, staged))
  }
  return {
    outcomes,
    batch: [...done.out.values()].some(({ kind }) => kind !== 'folder') ? done.batch : null,
    overtaken,
  }
}

/** The archive, in one piece. */
async function packed(root: string, items: readonly Sending[], spoiled: Set<string>): Promise<Buffer> {
  const pieces: Buffer[] = []
  const names: string[] = []
  for await (const bytes of packFiles(root, items, { spoiled: names })) pieces.push(bytes)
  for (const name of names) spoiled.add(name)
  return Buffer.concat(pieces)
}

/** Null where the host no longer has it. */
function sendingOf(root: string, path: string, entry: NonNullable<Order['entry']>): Sending | null {
  const { kind, digest } = entry
  if (kind === 'folder') return { name: path, kind, mode: entry.mode | 0o700, size: 0, digest }
  if (kind === 'file') return { name: path, kind, mode: entry.mode, size: entry.size, digest }
  try {
    const target = readlinkSync(below(root, path), { encoding: 'latin1' })
    return { name: path, kind, mode: 0o777, size: 0, target, digest }
  } catch {
    return null
  }
}

/** New folders that go into their place whole, by one rename, with all that comes in them. */
class Trees {
  readonly #new: ReadonlySet<string>

  constructor(arriving: readonly Order[]) {
    this.#new = new Set(
      arriving
        .filter(({ entry, there }) => entry?.kind === 'folder' && there === null)
        .map(({ path }) => path),
    )
  }

  /** Whether a path is such a folder, or lies in one. */
  isWithin(path: string): boolean {
    return this.#new.has(path) || this.isBelow(path)
  }

  isBelow(path: string): boolean {
    for (let at = parentOf(path); at !== null; at = parentOf(at)) if (this.#new.has(at)) return true
    return false
  }

  isTop(path: string): boolean {
    return this.#new.has(path) && !this.isBelow(path)
  }
}

interface Plan {
  removing: readonly Order[]
  coming: readonly Order[]
  arriving: readonly Order[]
  trees: Trees
  spoiled: ReadonlySet<string>
  /** Paths that are staged. */
  came: ReadonlyMap<string, unknown>
  canSwap: boolean
}

function commitOf({ removing, coming, arriving, trees, spoiled, came, canSwap }: Plan): Commit {
  const here = arriving.filter(
    ({ path, entry }) => !spoiled.has(path) && (entry?.kind === 'folder' || came.has(path)),
  )
  const leaving = [...removing, ...here].filter(({ there }) => there !== null)
  const single = here.filter(({ path }) => !trees.isWithin(path))
  const tops = here.filter(({ path }) => trees.isTop(path))
  const modes = coming.filter(({ path, entry, there }) => {
    if (entry === null || entry.kind === 'link') return false
    return entry.kind === 'folder'
      ? there?.mode !== entry.mode && !isKept(entry.mode, path, trees)
      : !arriving.some((one) => one.path === path)
  })
  return {
    dropped: [...spoiled].filter((path) => came.has(path)),
    out: leaving
      .filter(({ there }) => there?.kind !== 'folder')
      .map(({ path, there }) => ({ path, stamp: there?.stamp ?? '' })),
    removed: leaving
      .filter(({ there }) => there?.kind === 'folder')
      .map(({ path }) => path)
      .sort()
      .reverse(),
    swapped: canSwap
      ? here
          .filter(({ entry, there }) => there !== null && there.kind !== 'folder' && entry?.kind !== 'folder')
          .map(({ path }) => path)
      : [],
    placed: [...tops, ...single.filter(({ entry }) => entry?.kind !== 'folder')].map(({ path }) => path),
    made: single
      .filter(({ entry }) => entry?.kind === 'folder')
      .map(({ path }) => path)
      .sort(),
    modes: modes.map(({ path, entry }) => ({ path, mode: entry?.mode ?? 0 })).reverse(),
    looked: [...removing, ...coming].map(({ path }) => path).filter((path) => !trees.isWithin(path)),
    lookedDeep: tops.map(({ path }) => path),
  }
}

/** Whether a folder that came in an archive has its mode already. */
function isKept(mode: number, path: string, trees: Trees): boolean {
  return trees.isWithin(path) && (mode & 0o700) === 0o700
}

function outcomeOf(
  { path, entry, there }: Order,
  done: Committed,
  staged: ReadonlyMap<string, Stat>,
): Outcome {
  const now = done.placed.get(path)
  if (entry === null) {
    if (now === undefined || there?.kind === 'folder') return ''
    return stale
  }
  if (now === undefined || now.kind !== entry.kind || done.left.has(path)) return stale
  if (entry.kind === 'folder') return now.mode === entry.mode ? now.inode : '?'
  const before = staged.get(path)
  const isWanted =
    before === undefined
      ? there !== null && isStill(now, there.stamp)
      : identityOf(now) === identityOf(before)
  return isWanted && (entry.kind === 'link' || now.mode === entry.mode) ? stampOf(now, done.now) : '?'
}
