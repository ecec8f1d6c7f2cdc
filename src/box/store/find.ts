import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import { type Checksum, checksumText } from '../../lib/values/checksum.ts'
import type { StoredBox } from '../model.ts'
import { compareVersions } from '../names.ts'
import { fitting } from '../source/constraint.ts'
import type { BoxSource } from '../source/model.ts'
import { sourceText } from '../source/parse-source.ts'
import type { StorePaths } from '../store-paths.ts'
import { listRefs, type Ref } from './refs.ts'
import { readStored } from './verify.ts'

/** See BoxStore.find. */
export async function findBox(
  paths: StorePaths,
  source: BoxSource,
  { arch, checksum = null }: { arch: Arch; checksum?: Checksum | null | undefined },
): Promise<StoredBox | null> {
  // The same `./web.tar` is another file in each project.
  const text = source.kind === 'file' ? source.path : sourceText(source)
  const wanted = (source.kind === 'url' ? source.checksum : null) ?? checksum
  if (source.kind !== 'name') return findBySource(paths, { source: text, arch, checksum: wanted })
  const refs = (await listRefs(paths, source.name))
    .filter((one) => one.bearsName && one.arch === arch)
    .filter((one) => cameFrom(one, wanted))
  const [ref] = fitting(refs, source.wanted).sort(newestFirst)
  // What a catalogue has under this name may call itself something else.
  if (ref === undefined) return findBySource(paths, { source: text, arch, checksum: wanted })
  const stored = await readStored(paths, ref.digest)
  if (stored !== null) return stored
  throw new PosadaError('E_BOX_CORRUPT', `the files of the box ${ref.name}@${ref.version} are missing`, {
    value: paths.content(ref.digest),
    hint: `remove it, then get it again: posada box remove ${ref.name}@${ref.version}`,
  })
}

/** See BoxStore.findBuilt. A damaged box counts as none: building it again repairs it. */
export async function findBuilt(
  paths: StorePaths,
  { name, arch, inputs }: { name: string; arch: Arch; inputs: string },
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
  { source, arch, checksum = null }: { source: string; arch: Arch; checksum?: Checksum | null },
): Promise<StoredBox | null> {
  const refs = (await listRefs(paths))
    .filter((ref) => ref.source === source && ref.arch === arch)
    .filter((ref) => cameFrom(ref, checksum))
  return firstWhole(paths, refs)
}

/** See BoxStore.refOf. */
export async function refOf(
  paths: StorePaths,
  { digest, manifest }: StoredBox,
  source: string,
): Promise<Ref | null> {
  const refs = (await listRefs(paths, manifest.name)).filter((ref) => ref.digest === digest)
  return refs.find((ref) => ref.source === source) ?? refs[0] ?? null
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

/** Whether it was made of a file of this checksum, as far as is known; of any where null is given. */
function cameFrom({ origin }: Ref, wanted: Checksum | null): boolean {
  if (wanted === null) return true
  const digest = origin?.url.startsWith('oci://') === true ? origin.url.split('@')[1] : undefined
  const found = origin?.checksum == null ? digest : checksumText(origin.checksum)
  return found === checksumText(wanted)
}
