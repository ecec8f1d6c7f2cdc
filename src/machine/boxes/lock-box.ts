import { isDeepStrictEqual } from 'node:util'
import type { StoredBox } from '../../box/index.ts'
import { requireChecksum } from '../../box/source/require-checksum.ts'
import { checksumText } from '../../lib/checksum.ts'
import { withLock } from '../../project/lock.ts'
import { type LockedBox, readLockfile, writeLockfile } from '../../project/lockfile.ts'
import type { Project } from '../project.ts'
import type { WantedBox } from './wanted-box.ts'

/**
 * Writes into posada.lock what a box came to, and returns what stands there then. Others may write at the
 * same time: what they came to stays, unless `move` says that it is to be replaced.
 */
export async function lockBox(
  project: Project,
  wanted: WantedBox,
  box: StoredBox,
  { move = false } = {},
): Promise<LockedBox> {
  const { key, arch } = wanted
  const entry = await entryOf(project, wanted, box)
  const { lock, lockfile } = project.paths
  const { command, lockWait: wait, signal } = project
  return withLock(lock, { command, wait, signal }, async () => {
    const boxes = await readLockfile(lockfile)
    const archs = boxes.get(key) ?? new Map<string, LockedBox>()
    const there = archs.get(arch)
    if (there !== undefined && (!move || isDeepStrictEqual(there, entry))) return there
    boxes.set(key, archs.set(arch, entry))
    await writeLockfile(lockfile, boxes)
    return entry
  })
}

async function entryOf(project: Project, { key, source, config }: WantedBox, box: StoredBox) {
  const { name, version } = box.manifest
  const ref = await project.boxes.refOf(box, source.kind === 'file' ? source.path : key)
  const given = config.boxTerms.checksum
  const isPlace = source.kind === 'file' || source.kind === 'oci'
  const checksum = ref?.origin?.checksum ?? (given !== null && isPlace ? requireChecksum(given) : null)
  return {
    name,
    version,
    digest: box.digest,
    ...(ref === null || ref.inputs === null ? {} : { recipe: ref.inputs }),
    ...(ref?.origin == null ? {} : { url: ref.origin.url }),
    ...(checksum === null ? {} : { checksum: checksumText(checksum) }),
    ...(ref?.origin?.facts === undefined ? {} : { facts: ref.origin.facts }),
  }
}
