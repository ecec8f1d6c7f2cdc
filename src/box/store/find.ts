import { isPosadaError } from '../../errors/index.ts'
import type { BoxArch, StoredBox } from '../model.ts'
import { compareVersions } from '../names.ts'
import { type Checksum, checksumText } from '../source/checksum.ts'
import type { StorePaths } from '../store-paths.ts'
import { listRefs } from './refs.ts'
import { readStored } from './verify.ts'

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
    .sort((a, b) => compareVersions(b.version, a.version))
  for (const ref of refs)
    try {
      const stored = await readStored(paths, ref.digest)
      if (stored !== null) return stored
    } catch (error) {
      if (!isPosadaError(error, 'E_BOX_CORRUPT')) throw error
    }
  return null
}

function isSame(found: Checksum | null, wanted: Checksum): boolean {
  return found !== null && checksumText(found) === checksumText(wanted)
}
