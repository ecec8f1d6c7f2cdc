import { isDeepStrictEqual } from 'node:util'
import {
  type BoxSource,
  parseBoxSource,
  requireChecksum,
  type StoredBox,
  sourceText,
} from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { Machine } from '../../manifest/index.ts'
import { type LockedBox, readLockfile } from '../../project/index.ts'
import { wantedArch } from '../facts/arch.ts'
import type { BoxSupply, Declared, Places } from '../project.ts'
import { otherFact } from './other-fact.ts'

/** What a machine's manifest says of its box, parsed. */
export interface WantedBox {
  config: Machine
  source: BoxSource
  /** As it stands in posada.lock. */
  key: string
  arch: Arch
  /** null: the project has not locked it yet. */
  locked: LockedBox | null
}

/** What store and fetchers are asked with, for a box of the manifest. */
export function termsOf({ source, arch, config: { boxTerms } }: WantedBox) {
  const { name } = boxTerms.facts
  return {
    arch,
    terms: boxTerms,
    names: [...(source.kind === 'name' ? [source.name] : []), ...(name === undefined ? [] : [name])],
  }
}

/** The box in the store that the manifest means, and that what it says of it (checksum, user…) is of. */
export async function findStored(
  project: BoxSupply,
  { source, key, arch, config }: WantedBox,
): Promise<StoredBox | null> {
  const { checksum } = config.boxTerms
  const stored = await project.boxes.find(source, arch, checksum === null ? null : requireChecksum(checksum))
  if (stored === null) return null
  const origin = (await project.boxes.refOf(stored, key))?.origin ?? null
  const isMadeOfFile = origin !== null && /^https?:/.test(origin.url)
  return isMadeOfFile && otherFact(config, origin.facts) !== null ? null : stored
}

/** Such a box is what the recipe makes of it: it needs no place in posada.lock, for the recipe lies in the project. */
export function recipeOf({ manifest }: Declared, { box }: Machine): string | null {
  return Object.hasOwn(manifest.boxes, box) ? (manifest.boxes[box] ?? null) : null
}

/** Reads the manifest's words and the lock. E_BOX_SOURCE, E_LOCKFILE. */
export async function wantedBox(project: Declared & Places, config: Machine): Promise<WantedBox> {
  const source = parseBoxSource(config.box, project.manifest.root)
  checkOneChecksum(source, config)
  const key = sourceText(source)
  const arch = wantedArch(config)
  const { boxes } = await readLockfile(project.paths.lockfile)
  return { config, source, key, arch, locked: boxes.get(key)?.get(arch) ?? null }
}

/** Behind the URL and beside it: the two have to be one. */
function checkOneChecksum(source: BoxSource, { boxTerms: { checksum } }: Machine): void {
  if (source.kind !== 'url' || source.checksum === null || checksum === null) return
  if (isDeepStrictEqual(source.checksum, requireChecksum(checksum))) return
  throw new PosadaError(
    'E_BOX_SOURCE',
    `${sourceText(source)} has two different checksums: after # and under checksum:`,
    {
      value: checksum,
      hint: 'keep only one of them',
    },
  )
}
