import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { BoxArch, StoredBox } from '../model.ts'
import { compareVersions } from '../names.ts'
import { type Checksum, checksumText } from '../source/checksum.ts'
import { fits } from '../source/constraint.ts'
import type { BoxSource } from '../source/model.ts'
import { sourceText } from '../source/parse-source.ts'
import type { StorePaths } from '../store-paths.ts'
import { listRefs, type Ref } from './refs.ts'
import { readStored } from './verify.ts'

/** See BoxStore.find. */
export async function findBox(
  paths: StorePaths,
  source: BoxSource,
  arch: BoxArch,
): Promise<StoredBox | null> {
  // The same `./web.tar` is another file in each project.
  if (source.kind === 'file') return findBySource(paths, { source: source.path, arch })
  if (source.kind !== 'name') {
    const checksum = source.kind === 'url' ? source.checksum : null
    return findBySource(paths, { source: sourceText(source), arch, checksum })
  }
  const [ref] = (await listRefs(paths, source.name))
    .filter((one) => one.arch === arch && fits(one.version, source.wanted))
    .sort(newestFirst)
  if (ref === undefined) return null
  const stored = await readStored(paths, ref.digest)
  if (stored !== null) return stored
  throw new PosadaError('E_BOX_CORRUPT', `the content of the box ${ref.name}@${ref.version} is gone`, {
    value: paths.content(ref.digest),
    hint: `take its name away and get it again: posada box remove ${ref.name}@${ref.version}`,
  })
}

/** See BoxStore.findBuilt. A damaged box counts as none: building again is what mends it. */
export async function findBuilt(
  paths: StorePaths,
  { name, arch, inputs }: { name: string; arch: BoxArch; inputs: string },
): Promise<StoredBox | null> {
  const refs = await listRefs(paths, name)
  return firstWhole(
    paths,
    refs.filter((ref) => ref.arch === arch && ref.inputs === inputs),
  )
}

/**
 * The newest box in the store that was named by a source (as `sourceText` gives it) when it was got,
 * and came from a file of this checksum where one is given; null: there is none that is whole.
 */
export async function findBySource(
  paths: StorePaths,
  { source, arch, checksum = null }: { source: string; arch: BoxArch; checksum?: Checksum | null },
): Promise<StoredBox | null> {
  const refs = (await listRefs(paths))
    .filter((ref) => ref.source === source && ref.arch === arch)
    .filter(({ origin }) => checksum === null || isSame(origin?.checksum ?? null, checksum))
  return firstWhole(paths, refs)
}

async function firstWhole(paths: StorePaths, refs: readonly Ref[]): Promise<StoredBox | null> {
  for (const ref of [...refs].sort(newestFirst))
    try {
      const stored = await readStored(paths, ref.digest)
      if (stored !== null) return stored
    } catch (error) {
      if (!isPosadaError(error, 'E_BOX_CORRUPT')) throw error
    }
  return null
}

function newestFirst(a: Ref, b: Ref): number {
  return compareVersions(b.version, a.version)
}

function isSame(found: Checksum | null, wanted: Checksum): boolean {
  return found !== null && checksumText(found) === checksumText(wanted)
}
