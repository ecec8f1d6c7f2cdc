import {
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs'
import { copyFile, link, mkdir, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import ignore from 'ignore'
import { isErrno } from '../lib/files/errno.ts'
import { namesIn } from '../lib/files/folders.ts'
import { statHost } from './host-stat.ts'
import { below, textOf } from './paths.ts'
import { parentOf, type Side } from './reconcile.ts'
import type { SyncPair, TrashItem } from './types.ts'

/** How long what was replaced or deleted is kept, in milliseconds, and how many bytes of it. */
const limits = { age: 30 * 24 * 3600_000, bytes: 4 * 2 ** 30 }

/**
 * What one batch replaces or deletes on one side: a folder `<time>-<number>-<side>` in the trash, in which each path lies
 * where it lay.
 */
export class TrashBatch {
  readonly folder: string
  readonly #made = new Set<string>()

  constructor(stateDir: string, side: Side) {
    this.folder = join(trashOf(stateDir), `${Date.now()}-${String(++count).padStart(6, '0')}-${side}`)
  }

  /** Where a path is to be put, its folder made. */
  place(path: string): Buffer {
    const parent = parentOf(path) ?? ''
    if (!this.#made.has(parent)) mkdirSync(below(this.folder, parent), { recursive: true, mode: 0o700 })
    this.#made.add(parent)
    return below(this.folder, path)
  }

  /** Moves what is at a path below `root`, also to another file system. */
  async take(root: string, path: string): Promise<void> {
    const [from, to] = [below(root, path), this.place(path)]
    try {
      renameSync(from, to)
    } catch (error) {
      if (!isErrno(error, 'EXDEV')) throw error
      if (lstatSync(from).isSymbolicLink()) await symlink(await readlink(from, 'buffer'), to)
      else await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
      rmSync(from)
    }
  }
}

let count = 0

/** What was replaced or deleted by the synchronization of a pair, the latest first. */
export async function listTrash(stateDir: string): Promise<TrashItem[]> {
  return (await itemsIn(stateDir)).map(({ item }) => item)
}

export interface Restored {
  restored: TrashItem[]
  /** What patterns name as well, but something is there already. */
  taken: TrashItem[]
}

/**
 * Puts the latest version of what patterns name (gitignore(5)) back into the host's folder, where nothing has taken its
 * place. Where a pattern is the whole path of a file, what is there now goes to the trash for it. No link is followed.
 * @param before only what was replaced or deleted before this time, in milliseconds since 1970
 */
export async function restoreFromTrash(
  pair: Pick<SyncPair, 'from' | 'stateDir'>,
  patterns: readonly string[],
  before = Number.POSITIVE_INFINITY,
): Promise<Restored> {
  const plain = patterns.map((pattern) => pattern.replace(/^\.\//, ''))
  const wanted = ignore({ allowRelativePaths: true }).add(plain)
  const exact = new Set(plain.map((pattern) => pattern.replace(/^\//, '')))
  const root = realpathSync(pair.from)
  const batch = new TrashBatch(pair.stateDir, 'host')
  const done = new Set<string>()
  const found: Restored = { restored: [], taken: [] }
  for (const { item, path, file } of await itemsIn(pair.stateDir)) {
    if (done.has(path) || item.at >= before || !wanted.ignores(item.path)) continue
    done.add(path)
    const there = statHost(root, path)
    const isFree = there === null || (exact.has(item.path) && there.kind !== 'folder')
    if (!isFree || !(await makeParents(root, path))) {
      found.taken.push(item)
      continue
    }
    if (there !== null) await batch.take(root, path)
    await putBack(item, file, below(root, path))
    found.restored.push(item)
  }
  return found
}

/** Makes the folders that a path lies in; false: something else is in their place, a link too. */
async function makeParents(root: string, path: string): Promise<boolean> {
  const parent = parentOf(path)
  if (parent === null) return true
  if (!(await makeParents(root, parent))) return false
  if (statHost(root, parent) === null) await mkdir(below(root, parent))
  return statHost(root, parent)?.kind === 'folder'
}

async function putBack({ kind }: TrashItem, file: Buffer, to: Buffer): Promise<void> {
  try {
    if (kind === 'link') await symlink(await readlink(file, 'buffer'), to)
    else await link(file, to)
  } catch (error) {
    if (!isErrno(error, 'EXDEV', 'EPERM', 'ENOTSUP')) throw error
    await copyFile(file, to, constants.COPYFILE_EXCL)
  }
  await rm(file)
}

/** Removes what is older than it is kept, and the oldest of what is more than is kept; the latest batch always stays. */
export async function sweepTrash(stateDir: string, { age, bytes } = limits): Promise<void> {
  let size = 0
  for (const [index, name] of (await namesIn(trashOf(stateDir))).sort().reverse().entries()) {
    const batch = join(trashOf(stateDir), name)
    size += sizeOf(batch)
    const isOver = index > 0 && size > bytes
    if (isOver || Number(name.split('-')[0]) < Date.now() - age)
      await rm(batch, { recursive: true, force: true })
  }
}

/** Bytes on the disk. */
function sizeOf(batch: string): number {
  return [...filesIn(batch)].reduce((sum, { stat }) => sum + stat.blocks * 512, 0)
}

/** Files and links below a folder, by their paths relative to it. */
function* filesIn(root: string, path = ''): Generator<{ path: string; stat: Stats }> {
  for (const name of readdirSync(below(root, path), { encoding: 'latin1' })) {
    const inside = path === '' ? name : `${path}/${name}`
    const stat = lstatSync(below(root, inside))
    if (stat.isDirectory()) yield* filesIn(root, inside)
    else yield { path: inside, stat }
  }
}

interface Kept {
  item: TrashItem
  path: string
  file: Buffer
}

async function itemsIn(stateDir: string): Promise<Kept[]> {
  const found: Kept[] = []
  const batches = (await namesIn(trashOf(stateDir))).sort().reverse()
  for (const batch of batches) {
    const match = /^(\d{1,15})-\d+-(host|guest)$/.exec(batch)
    if (match === null) continue
    const root = join(trashOf(stateDir), batch)
    for (const { path, stat } of filesIn(root)) {
      const kind = stat.isSymbolicLink() ? 'link' : 'file'
      const side = match[2] as Side
      const item = { path: textOf(path), side, kind, size: stat.size, at: Number(match[1]) } as const
      found.push({ item, path, file: below(root, path) })
    }
  }
  return found
}

function trashOf(stateDir: string): string {
  return join(stateDir, 'trash')
}
