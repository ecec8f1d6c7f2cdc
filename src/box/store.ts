import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Arch } from '../lib/values/arch.ts'
import type { Checksum } from '../lib/values/checksum.ts'
import type { StoredBox } from './model.ts'
import { compareVersions } from './names.ts'
import type { BoxSource } from './source/model.ts'
import { findBox, findBuilt, refOf } from './store/find.ts'
import { type BoxNote, type BoxUser, type FormerUser, forgetUser, notesOf, noteUser } from './store/notes.ts'
import { lastUse, type PrunedBox, type PruneOptions, pruneBoxes } from './store/prune.ts'
import { listRefs, type Ref } from './store/refs.ts'
import { removeBox } from './store/remove.ts'
import { boxByDigest, resolveBox } from './store/resolve.ts'
import { forgetStamp, readStored, readUnchecked } from './store/verify.ts'
import { type StorePaths, storePaths } from './store-paths.ts'

/** The boxes of one user. Any number of processes may work on one store at the same time. */
export interface BoxStore {
  /** Absolute path of the store's folder. */
  readonly dir: string
  /**
   * The newest `debian/12`, or just `debian/12@20261122.1`, for an architecture; its files are
   * there and unchanged. E_BOX_MISSING, E_BOX_ARCH, E_BOX_CORRUPT, E_BOX_INVALID.
   */
  resolve(name: string, arch: Arch): Promise<StoredBox>
  /**
   * The box that a machine was made from, even when its name leads to another by now.
   * E_BOX_MISSING, E_BOX_CORRUPT.
   */
  byDigest(box: { name: string; version: string; digest: string }): Promise<StoredBox>
  /**
   * The newest box of this architecture that a source means, whole: by name and conditions, or by where
   * it came from, and with the checksum of what was fetched where one is given; null: there is none. E_BOX_CORRUPT.
   */
  find(source: BoxSource, arch: Arch, checksum?: Checksum | null): Promise<StoredBox | null>
  /** The box of a digest, whole; null: there is none. E_BOX_CORRUPT. */
  get(digest: string): Promise<StoredBox | null>
  /** The newest whole box of a name that was built here from these inputs; null: there is none. */
  findBuilt(wanted: { name: string; arch: Arch; inputs: string }): Promise<StoredBox | null>
  /** What leads to a box, that of this source first, and where it came from; null: nothing does any more. */
  refOf(box: StoredBox, source: string): Promise<Ref | null>
  /** Hashes every file of a box again; what is wrong with it, or null. */
  verify(digest: string): Promise<PosadaError | null>
  /** Notes that a machine stands on a box, or is about to; its lock is held. See BoxNote. */
  noteUser(digest: string, user: BoxUser): Promise<void>
  /** Notes that a machine stands on no box any longer; its lock is held. */
  forgetUser(user: FormerUser): Promise<void>
  /** The machines that were noted for a box. */
  users(digest: string): Promise<BoxNote[]>
  /** When a box was last used; null: never since it was added. */
  lastUse(digest: string): Promise<Date | null>
  /** Removes boxes that no machine needs; see PruneOptions. Returns what was removed. */
  prune(options: PruneOptions): Promise<PrunedBox[]>
  /** Every box, by name and version; the newest version last. Damaged ones are told apart, not left out. */
  list(): Promise<BoxEntry[]>
  /** Adds a folder or an archive of one. E_BOX_EXISTS, E_BOX_INVALID, E_BOX_CORRUPT. */
  add(source: string, options?: { force?: boolean } & RemoveOptions): Promise<StoredBox>
  /**
   * Removes every version of `debian/12`, or one version. `usedBy` gives the machines that stand on
   * a box; where there are any, E_BOX_IN_USE and nothing is removed. Returns what was removed.
   */
  remove(name: string, options?: RemoveOptions): Promise<Ref[]>
}

export interface RemoveOptions {
  usedBy?: (digest: string) => Promise<string[]> | string[]
}

export interface BoxEntry extends Ref {
  /** null: damaged, see `problem`. */
  box: StoredBox | null
  problem: PosadaError | null
}

/** Opens the store at `dir`, which need not exist yet. */
export function openBoxStore(dir: string): BoxStore {
  const paths = storePaths(dir)
  return {
    dir,
    resolve: (name, arch) => resolveBox(paths, name, arch),
    find: (source, arch, checksum) => findBox(paths, source, { arch, checksum }),
    get: (digest) => readStored(paths, digest),
    findBuilt: (wanted) => findBuilt(paths, wanted),
    refOf: (box, source) => refOf(paths, box, source),
    verify: (digest) => verify(paths, digest),
    noteUser: (digest, user) => noteUser(paths, digest, user),
    forgetUser: (user) => forgetUser(paths, user),
    users: (digest) => notesOf(paths, digest),
    lastUse: (digest) => lastUse(paths, digest),
    prune: (options) => pruneBoxes(paths, options),
    byDigest: (box) => boxByDigest(paths, box),
    list: async () => {
      const refs = (await listRefs(paths)).sort(
        (a, b) => a.name.localeCompare(b.name, 'en') || compareVersions(a.version, b.version),
      )
      return Promise.all(refs.map(async (ref) => ({ ...ref, ...(await look(dir, ref)) })))
    },
    add: async (source, options) => {
      // What unpacks archives takes long to load.
      const { addBox } = await import('./store/add.ts')
      return addBox(paths, source, options)
    },
    remove: (name, options) => removeBox(paths, name, options),
  }
}

async function verify(paths: StorePaths, digest: string): Promise<PosadaError | null> {
  try {
    if ((await readStored(paths, digest, { rehash: true })) !== null) return null
    return new PosadaError('E_BOX_CORRUPT', `${paths.content(digest)} is gone`, { value: digest })
  } catch (error) {
    if (!isPosadaError(error)) throw error
    // Else whoever uses the box next would go by how its files looked when they were whole.
    await forgetStamp(paths, digest)
    return error
  }
}

async function look(dir: string, ref: Ref): Promise<Pick<BoxEntry, 'box' | 'problem'>> {
  try {
    return { box: await readUnchecked(storePaths(dir), ref.digest), problem: null }
  } catch (error) {
    if (isPosadaError(error)) return { box: null, problem: error }
    throw error
  }
}
