import { compareVersions } from '../../box/names.ts'
import { PosadaError, withContext } from '../../errors/index.ts'
import type { Project } from '../project.ts'
import { type WantedBox, wantedBox } from './find-box.ts'
import { lockBox } from './lock-box.ts'

/** A box of the manifest: what posada.lock has, and what is newest. */
export interface OutdatedBox {
  /** As the manifest names it. */
  box: string
  arch: string
  /** null: not in posada.lock yet. */
  locked: string | null
  /** null: it cannot be told without fetching it. */
  newest: string | null
  outdated: boolean
}

/** Where the lock was moved from and to; digests are lower-case SHA-256 of box.json. */
export interface UpdatedBox {
  box: string
  arch: string
  from: { version: string; digest: string } | null
  to: { version: string; digest: string }
  changed: boolean
}

/** What `updateBoxes` would find, without fetching boxes or changing anything. */
export async function outdatedBoxes(project: Project): Promise<OutdatedBox[]> {
  const results: OutdatedBox[] = []
  for (const wanted of await wantedBoxes(project, [])) {
    const { key, arch, locked } = wanted
    const newest = await newestKnown(project, wanted)
    const outdated = locked !== null && newest !== null && compareVersions(newest.version, locked.version) > 0
    results.push({
      box: key,
      arch,
      locked: locked?.version ?? null,
      newest: newest?.version ?? null,
      outdated,
    })
  }
  return results
}

/**
 * Moves posada.lock to the newest version of each box that fits the manifest, fetching it. Machines that
 * were made stay on theirs. `names`: as in the manifest; none means all. E_BOX_MISSING and what fetching throws.
 */
export async function updateBoxes(project: Project, names: readonly string[]): Promise<UpdatedBox[]> {
  const results: UpdatedBox[] = []
  for (const wanted of await wantedBoxes(project, names)) {
    const { key, arch, locked, config, source } = wanted
    try {
      const newest = await newestKnown(project, wanted)
      const stored = newest?.isStored === true ? await project.boxes.find(source, arch) : null
      const isPlace = source.kind !== 'name' && source.kind !== 'vagrant'
      const box = stored ?? (await project.fetchBox(source, { arch, terms: config.boxTerms, force: isPlace }))
      const entry = await lockBox(project, wanted, box)
      const to = { version: entry.version, digest: entry.digest }
      const from = locked === null ? null : { version: locked.version, digest: locked.digest }
      results.push({ box: key, arch, from, to, changed: from?.digest !== to.digest })
    } catch (error) {
      throw withContext(error, { place: config.place('box') })
    }
  }
  return results
}

/** Each box of the manifest once for each architecture. */
async function wantedBoxes(project: Project, names: readonly string[]): Promise<WantedBox[]> {
  const found = new Map<string, WantedBox>()
  for (const config of project.manifest.machines) {
    const wanted = await wantedBox(project, config)
    const isMeant = (name: string) =>
      name === wanted.key || name === config.box || name === wanted.key.split('@')[0]
    if (names.length === 0 || names.some(isMeant)) found.set(`${wanted.key} ${wanted.arch}`, wanted)
  }
  if (names.length > 0 && found.size === 0)
    throw new PosadaError('E_BOX_MISSING', `no machine of the manifest is made from ${names.join(', ')}`, {
      value: names.join(', '),
      hint: `its boxes: ${[...new Set(project.manifest.machines.map(({ box }) => box))].join(', ')}`,
    })
  return [...found.values()]
}

/** The newest version in the store or in a catalogue; null for a box that is named by its place. */
async function newestKnown(
  project: Project,
  { source, arch }: WantedBox,
): Promise<{ version: string; isStored: boolean } | null> {
  if (source.kind !== 'name' && source.kind !== 'vagrant') return null
  const stored = (await project.boxes.find(source, arch))?.manifest.version ?? null
  const offered = await project.newestBox(source, arch)
  if (stored !== null && (offered === null || compareVersions(stored, offered) >= 0))
    return { version: stored, isStored: true }
  return offered === null ? null : { version: offered, isStored: false }
}
