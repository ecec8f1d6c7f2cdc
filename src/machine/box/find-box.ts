import type { StoredBox } from '../../box/index.ts'
import { isPosadaError, withContext } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { wantedArch } from '../facts/arch.ts'
import { madeFrom } from '../facts/made-from.ts'
import type { BoxSupply, Declared, Locking, Places } from '../project.ts'
import { lockBox } from './lock-box.ts'
import { lockedBox } from './locked-box.ts'
import { findStored, recipeOf, termsOf, type WantedBox, wantedBox } from './wanted-box.ts'

/** Machines that come up together and want the same box share what is found, fetched and written down. */
const underway = new WeakMap<BoxSupply, Map<string, Promise<StoredBox>>>()

/**
 * The box that a machine is made from: the one in posada.lock, exactly; else the newest that fits in the
 * store, or where it comes from, which posada.lock then has. Fetches what is missing. A machine that was
 * made stays on its box, whatever became newer.
 */
export async function findBox(
  project: Declared & Places & Locking & BoxSupply,
  config: Machine,
  previous: MachineState | null,
): Promise<StoredBox> {
  if (previous !== null) return madeFrom(project, previous)
  try {
    const folder = recipeOf(project, config)
    if (folder !== null) {
      const arch = wantedArch(config)
      return await once(project, `recipe ${folder} ${arch}`, () =>
        project.buildBox({ name: config.box, folder }, arch),
      )
    }
    const wanted = await wantedBox(project, config)
    const key = JSON.stringify([wanted.source, wanted.arch, config.boxTerms])
    return await once(project, key, () => obtain(project, wanted))
  } catch (error) {
    throw withContext(error, { machine: config.name, place: config.place('box') })
  }
}

/** Lets the next machine look again. */
export function forgetFound(project: BoxSupply): void {
  underway.delete(project)
}

function once(project: BoxSupply, key: string, get: () => Promise<StoredBox>): Promise<StoredBox> {
  const found = underway.get(project) ?? new Map<string, Promise<StoredBox>>()
  underway.set(project, found)
  const box = found.get(key) ?? get()
  found.set(key, box)
  return box
}

async function obtain(
  project: Declared & Places & Locking & BoxSupply,
  wanted: WantedBox,
): Promise<StoredBox> {
  if (wanted.locked !== null) return lockedBox(project, wanted, wanted.locked)
  const box = (await findStored(project, wanted)) ?? (await fetchMissing(project, wanted))
  const entry = await lockBox(project, wanted, { box })
  // Another command may have been first to write down what it came to.
  return entry.digest === box.digest ? box : lockedBox(project, wanted, entry)
}

async function fetchMissing(project: BoxSupply, wanted: WantedBox): Promise<StoredBox> {
  const { source, arch, config } = wanted
  try {
    return await project.fetchBox(source, termsOf(wanted))
  } catch (error) {
    // The store knows what is near to it, and what can be built.
    if (source.kind === 'name' && isPosadaError(error, 'E_BOX_MISSING'))
      return project.boxes.resolve(config.box, arch)
    throw error
  }
}
