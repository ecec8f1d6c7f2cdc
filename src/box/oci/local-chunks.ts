import { join } from 'node:path'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import type { BoxManifest } from '../model.ts'
import { compareVersions } from '../names.ts'
import { listRefs } from '../store/refs.ts'
import { readUnchecked } from '../store/verify.ts'
import type { StorePaths } from '../store-paths.ts'
import { chunksOf, type PlainChunk, readExtent } from './chunk-list.ts'
import { sha256Of } from './pack.ts'

/** Where plain chunks may be on this computer, by their digests. */
export type LocalChunks = ReadonlyMap<string, { path: string; offset: number; length: number }>

/** Versions of a box that are looked through. */
const versions = 2

/** The chunks of the newest versions of a box that the store has. */
export async function localChunks(
  paths: StorePaths,
  { name, arch }: Pick<BoxManifest, 'name' | 'arch'>,
  signal: AbortSignal,
): Promise<LocalChunks> {
  const refs = (await listRefs(paths, name))
    .filter((ref) => ref.arch === arch)
    .sort((a, b) => compareVersions(b.version, a.version))
    .slice(0, versions)
  const found = new Map<string, { path: string; offset: number; length: number }>()
  for (const { digest } of refs)
    for (const { file, offset, length, sha256 } of await chunksOrNone(paths, digest, signal))
      found.set(sha256, { path: join(paths.content(digest), file), offset, length })
  return found
}

/** Its bytes, where they are what their digest says; null: it has to be fetched. */
export async function takeLocal(
  local: LocalChunks,
  { sha256, length }: PlainChunk,
): Promise<Uint8Array | null> {
  const place = local.get(sha256)
  if (place === undefined || place.length !== length) return null
  try {
    const bytes = await readExtent(place.path, place)
    return (await sha256Of(bytes)) === sha256 ? bytes : null
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** A box that is damaged or being removed is passed over. */
async function chunksOrNone(paths: StorePaths, digest: string, signal: AbortSignal): Promise<PlainChunk[]> {
  try {
    const box = await readUnchecked(paths, digest)
    return box === null ? [] : await chunksOf(paths, box, signal)
  } catch (error) {
    if (isPosadaError(error, 'E_BOX_CORRUPT') || isErrno(error, 'ENOENT')) return []
    throw error
  }
}
