import { isDeepStrictEqual } from 'node:util'
import { requireChecksum, type StoredBox } from '../../box/index.ts'
import { checksumText } from '../../lib/values/checksum.ts'
import type { Machine } from '../../manifest/index.ts'
import { changeLockfile, type LockedBox, type LockedFacts } from '../../project/index.ts'
import type { BoxSupply, Locking, Places } from '../project.ts'
import type { WantedBox } from './wanted-box.ts'

/**
 * Writes into posada.lock what a box came to, and returns what stands there then. Others may write at the
 * same time: what they came to stays, unless `move` says that it is to be replaced.
 */
export async function lockBox(
  project: Places & Locking & BoxSupply,
  wanted: WantedBox,
  { box, move = false }: { box: StoredBox; move?: boolean },
): Promise<LockedBox> {
  const { key, arch } = wanted
  const entry = await entryOf(project, wanted, box)
  const { paths, command, lockWait: wait, signal } = project
  return changeLockfile({ paths, command, wait, signal }, ({ boxes }) => {
    const archs = boxes.get(key) ?? new Map<string, LockedBox>()
    const there = archs.get(arch)
    if (there !== undefined && (!move || isDeepStrictEqual(there, entry)))
      return { result: there, changed: false }
    boxes.set(key, archs.set(arch, entry))
    return { result: entry, changed: true }
  })
}

async function entryOf(project: BoxSupply, { key, source, config }: WantedBox, box: StoredBox) {
  const { name, version } = box.manifest
  const ref = await project.boxes.refOf(box, source.kind === 'file' ? source.path : key)
  const given = config.boxTerms.checksum
  const facts = ref?.origin?.facts ?? (source.kind === 'file' ? saidOf(config) : undefined)
  const checksum = ref?.origin?.checksum ?? (given === null ? null : requireChecksum(given))
  return {
    name,
    version,
    digest: box.digest,
    ...(ref === null || ref.inputs === null ? {} : { recipe: ref.inputs }),
    ...(ref?.origin == null ? {} : { url: ref.origin.url }),
    ...(checksum === null ? {} : { checksum: checksumText(checksum) }),
    ...(facts === undefined ? {} : { facts }),
  }
}

/** What the manifest says of a file of the project, where it says something. */
function saidOf({ boxTerms }: Machine): LockedFacts | undefined {
  const { name: _bears, version: _too, ...facts } = boxTerms.facts
  return Object.keys(facts).length === 0 ? undefined : facts
}
