import { type BoxSource, compareVersions } from '../../box/index.ts'
import { PosadaError, withContext } from '../../errors/index.ts'
import { maskedText } from '../../lib/text/masked-text.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { Machine } from '../../manifest/index.ts'
import { wantedArch } from '../facts/arch.ts'
import { shownBox } from '../facts/shown-box.ts'
import type { BoxSupply, Declared, Locking, Places, Scripts } from '../project.ts'
import { lockBox } from './lock-box.ts'
import { findStored, recipeOf, termsOf, type WantedBox, wantedBox } from './wanted-box.ts'

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
export async function outdatedBoxes(project: Declared & Places & BoxSupply): Promise<OutdatedBox[]> {
  const results: OutdatedBox[] = []
  for (const wanted of await wantedBoxes(project, project.manifest.machines)) {
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
 * Moves posada.lock to the newest version of each box that fits the manifest, fetching it; a recipe of the
 * project's own is built as it is now. Machines that were made stay on theirs. `names`: as in the manifest;
 * none means all. E_BOX_MISSING and what fetching and building throw.
 */
export async function updateBoxes(
  project: Declared & Places & Locking & BoxSupply & Scripts,
  names: readonly string[],
): Promise<UpdatedBox[]> {
  const chosen = machinesOf(project, names)
  const results: UpdatedBox[] = []
  for (const { box, arch, config } of ownBoxes(project, chosen))
    results.push(await placed(config, () => buildAnew(project, { box, arch, config })))
  for (const wanted of await wantedBoxes(project, chosen))
    results.push(await placed(wanted.config, () => moveLock(project, wanted)))
  return results
}

async function moveLock(project: Places & Locking & BoxSupply, wanted: WantedBox): Promise<UpdatedBox> {
  const { key, arch, locked, source } = wanted
  const newest = await newestKnown(project, wanted)
  const stored = newest?.isStored === true ? await findStored(project, wanted) : null
  const box = stored ?? (await project.fetchBox(source, termsOf(wanted)))
  const { version, digest } = await lockBox(project, wanted, { box, move: true })
  const from = locked === null ? null : { version: locked.version, digest: locked.digest }
  return { box: key, arch, from, to: { version, digest }, changed: from?.digest !== digest }
}

/** What the project builds by itself has no place in posada.lock: `from` is what the store had. */
async function buildAnew(project: Declared & BoxSupply, { box, arch, config }: OwnBox): Promise<UpdatedBox> {
  const source: BoxSource = { kind: 'name', name: box, wanted: [] }
  const before = await project.boxes.find(source, arch)
  const folder = recipeOf(project, config)
  if (folder === null) throw new Error(`${box} has no recipe`)
  const { manifest, digest } = await project.buildBox({ name: box, folder }, arch)
  const from = before === null ? null : { version: before.manifest.version, digest: before.digest }
  return { box, arch, from, to: { version: manifest.version, digest }, changed: from?.digest !== digest }
}

async function placed<T>(config: Machine, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw withContext(error, { place: config.place('box') })
  }
}

/** The machines whose boxes are meant by `names`. */
function machinesOf(
  { manifest: { machines }, webFiles }: Declared & Scripts,
  names: readonly string[],
): Machine[] {
  const isMeant = (config: Machine) => {
    const key = shownBox(config)
    return names.some((name) => name === key || name === config.box || name === key.split('@')[0])
  }
  const chosen = names.length === 0 ? machines : machines.filter(isMeant)
  if (names.length > 0 && chosen.length === 0) {
    const shown = names.map(maskedText).join(', ')
    throw new PosadaError('E_BOX_MISSING', `the manifest has no box, base manifest or script ${shown}`, {
      value: shown,
      hint: `it has ${[...new Set([...machines.map(shownBox), ...webFiles.urls()])].join(', ')}`,
    })
  }
  return chosen
}

interface OwnBox {
  box: string
  arch: Arch
  config: Machine
}

/** Each box of the project's own recipes once for each architecture. */
function ownBoxes(project: Declared, machines: readonly Machine[]): OwnBox[] {
  const own = machines.filter((config) => recipeOf(project, config) !== null)
  const found = own.map((config) => ({ box: config.box, arch: wantedArch(config), config }))
  return [...new Map(found.map((one) => [`${one.box} ${one.arch}`, one])).values()]
}

/** Each other box once for each architecture. */
async function wantedBoxes(project: Declared & Places, machines: readonly Machine[]): Promise<WantedBox[]> {
  const found = new Map<string, WantedBox>()
  for (const config of machines) {
    if (recipeOf(project, config) !== null) continue
    const wanted = await wantedBox(project, config)
    found.set(`${wanted.key} ${wanted.arch}`, wanted)
  }
  return [...found.values()]
}

/** The newest version in the store or in a catalogue; null for a box that is named by its place. */
async function newestKnown(
  project: BoxSupply,
  wanted: WantedBox,
): Promise<{ version: string; isStored: boolean } | null> {
  const { source, arch } = wanted
  if (source.kind !== 'name' && source.kind !== 'vagrant') return null
  const stored = (await findStored(project, wanted))?.manifest.version ?? null
  const offered = await project.newestBox(source, arch)
  if (stored !== null && (offered === null || compareVersions(stored, offered) >= 0))
    return { version: stored, isStored: true }
  return offered === null ? null : { version: offered, isStored: false }
}
