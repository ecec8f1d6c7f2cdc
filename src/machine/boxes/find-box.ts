import type { StoredBox } from '../../box/index.ts'
import type { BoxSource } from '../../box/source/model.ts'
import { parseBoxSource, sourceText } from '../../box/source/parse-source.ts'
import { isPosadaError, withContext } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { LockedBox } from '../../project/lockfile.ts'
import { readLockfile } from '../../project/lockfile.ts'
import type { MachineState } from '../../project/machine-state.ts'
import type { Project } from '../project.ts'
import { wantedArch } from '../up/spec.ts'
import { lockBox } from './lock-box.ts'
import { lockedBox } from './locked-box.ts'

/** What a machine's manifest says of its box, parsed. */
export interface WantedBox {
  config: Machine
  source: BoxSource
  /** As it stands in posada.lock. */
  key: string
  arch: 'x86_64' | 'aarch64'
  /** null: the project has not locked it yet. */
  locked: LockedBox | null
}

/** Machines that come up together and want the same box share what is found, fetched and written down. */
const underway = new WeakMap<Project, Map<string, Promise<StoredBox>>>()

/**
 * The box that a machine is made from: the one in posada.lock, exactly; else the newest that fits in the
 * store, or where it comes from, which posada.lock then has. Fetches what is missing. A machine that was
 * made stays on its box, whatever became newer.
 */
export async function findBox(
  project: Project,
  config: Machine,
  previous: MachineState | null,
): Promise<StoredBox> {
  if (previous !== null) return project.boxes.byDigest(previous.box)
  try {
    const folder = recipeOf(project, config)
    if (folder !== null) {
      const arch = wantedArch(config)
      return await once(project, `recipe ${folder} ${arch}`, () =>
        project.buildBox({ name: config.box, folder }, arch),
      )
    }
    const wanted = await wantedBox(project, config)
    const key = JSON.stringify([wanted.key, wanted.arch, config.boxTerms])
    return await once(project, key, () => obtain(project, wanted))
  } catch (error) {
    throw withContext(error, { machine: config.name, place: config.place('box') })
  }
}

function once(project: Project, key: string, get: () => Promise<StoredBox>): Promise<StoredBox> {
  const found = underway.get(project) ?? new Map<string, Promise<StoredBox>>()
  underway.set(project, found)
  const box = found.get(key) ?? get()
  found.set(key, box)
  return box
}

/** Such a box is what the recipe makes of it: it needs no place in posada.lock, for the recipe lies in the project. */
function recipeOf({ manifest }: Project, { box }: Machine): string | null {
  return Object.hasOwn(manifest.boxes, box) ? (manifest.boxes[box] ?? null) : null
}

/** Reads the manifest's words and the lock. E_BOX_SOURCE, E_LOCKFILE. */
export async function wantedBox(project: Project, config: Machine): Promise<WantedBox> {
  const source = parseBoxSource(config.box, project.manifest.root)
  const key = sourceText(source)
  const arch = wantedArch(config)
  const boxes = await readLockfile(project.paths.lockfile)
  return { config, source, key, arch, locked: boxes.get(key)?.get(arch) ?? null }
}

async function obtain(project: Project, wanted: WantedBox): Promise<StoredBox> {
  if (wanted.locked !== null) return lockedBox(project, wanted, wanted.locked)
  const { source, arch } = wanted
  const stored = await project.boxes.find(source, arch)
  const box = stored ?? (await fetchMissing(project, wanted))
  await lockBox(project, wanted, box)
  return box
}

async function fetchMissing(project: Project, { source, arch, config }: WantedBox): Promise<StoredBox> {
  try {
    // What stands at a path may have changed under the same name and version.
    return await project.fetchBox(source, { arch, terms: config.boxTerms, force: source.kind === 'file' })
  } catch (error) {
    // The store knows what is near to it, and what can be built.
    if (source.kind === 'name' && isPosadaError(error, 'E_BOX_MISSING'))
      return project.boxes.resolve(config.box, arch)
    throw error
  }
}
