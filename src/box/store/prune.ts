import { stat } from 'node:fs/promises'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { sweepWorkFolders } from '../../lib/process/work-folder.ts'
import { digestPattern } from '../../lib/values/box-names.ts'
import { boxFiles } from '../box-manifest.ts'
import { compareVersions } from '../names.ts'
import type { StorePaths } from '../store-paths.ts'
import { dropNotes } from './notes.ts'
import { dropUnnamed, sweepRemovals } from './place.ts'
import { listRefs, type Ref, removeRef } from './refs.ts'
import { readUnchecked } from './verify.ts'

export interface PruneOptions {
  /** The machines that stand on a box; such a box stays. */
  usedBy(digest: string): Promise<string[]>
  /** So many of the newest versions of each name and architecture stay. */
  keep: number
  /** Stops as soon as the boxes take at most this many bytes, those used longest ago going first; null: all go. */
  budget: number | null
  /** Says what would go, and removes nothing. */
  dryRun: boolean
  /** Digests that stay in any case. */
  spare?: ReadonlySet<string>
}

/** A box that went, or would go. */
export interface PrunedBox extends Pick<Ref, 'name' | 'version' | 'arch' | 'digest'> {
  /** Bytes that are free again; 0 where another name still leads to it. */
  size: number
}

/** Removes boxes that no machine needs, and contents that have lost their name. */
export async function pruneBoxes(paths: StorePaths, options: PruneOptions): Promise<PrunedBox[]> {
  const refs = await listRefs(paths)
  const sizes = new Map<string, number>()
  for (const { digest } of refs) sizes.set(digest, await sizeOf(paths, digest))
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const leading = new Map<string, number>()
  for (const { digest } of refs) leading.set(digest, (leading.get(digest) ?? 0) + 1)
  const gone: PrunedBox[] = []
  for (const ref of await inOrder(paths, candidates(refs, options.keep))) {
    if (options.budget !== null && total <= options.budget) break
    if (options.spare?.has(ref.digest) === true || (await options.usedBy(ref.digest)).length > 0) continue
    const left = (leading.get(ref.digest) ?? 1) - 1
    leading.set(ref.digest, left)
    const size = left > 0 ? 0 : (sizes.get(ref.digest) ?? 0)
    if (!options.dryRun) {
      await removeRef(paths, ref)
      await dropUnnamed(paths, ref.digest, options.usedBy)
    }
    total -= size
    const { name, version, arch, digest } = ref
    gone.push({ name, version, arch, digest, size })
  }
  if (!options.dryRun) await dropNameless(paths, options)
  return gone
}

/** Bytes of a box's files; 0 where its box.json cannot be read. */
async function sizeOf(paths: StorePaths, digest: string): Promise<number> {
  try {
    const box = await readUnchecked(paths, digest)
    return box === null ? 0 : boxFiles(box.manifest).reduce((sum, file) => sum + file.size, 0)
  } catch (error) {
    if (isPosadaError(error)) return 0
    throw error
  }
}

/** All but the `keep` newest of each name and architecture. */
function candidates(refs: readonly Ref[], keep: number): Ref[] {
  return [...grouped(refs).values()].flatMap((group) =>
    group.sort((a, b) => compareVersions(b.version, a.version)).slice(keep),
  )
}

function grouped(refs: readonly Ref[]): Map<string, Ref[]> {
  const groups = new Map<string, Ref[]>()
  for (const ref of refs) {
    const key = `${ref.name} ${ref.arch} ${ref.bearsName ? '' : ref.source}`
    groups.set(key, [...(groups.get(key) ?? []), ref])
  }
  return groups
}

/** What was used longest ago comes first. */
async function inOrder(paths: StorePaths, refs: readonly Ref[]): Promise<Ref[]> {
  const times = new Map<Ref, number>()
  for (const ref of refs) times.set(ref, (await lastUse(paths, ref.digest))?.getTime() ?? 0)
  return [...refs].sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0))
}

/** When a box was last looked up whole; null: never. */
export async function lastUse(paths: StorePaths, digest: string): Promise<Date | null> {
  try {
    return (await stat(paths.stamp(digest))).mtime
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** Contents whose name leads elsewhere by now, and that no machine stands on any more; what killed commands left. */
async function dropNameless(paths: StorePaths, { usedBy }: PruneOptions): Promise<void> {
  const named = new Set((await listRefs(paths)).map(({ digest }) => digest))
  for (const digest of await namesIn(paths.contents))
    if (digestPattern.test(digest) && !named.has(digest) && (await usedBy(digest)).length === 0)
      await dropUnnamed(paths, digest, usedBy)
  for (const digest of await namesIn(paths.users))
    if (digestPattern.test(digest) && !(await exists(paths.content(digest)))) await dropNotes(paths, digest)
  await sweepRemovals(paths, usedBy)
  await sweepWorkFolders(paths.tmp, 'add-')
}
