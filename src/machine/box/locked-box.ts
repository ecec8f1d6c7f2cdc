import type { StoredBox } from '../../box/index.ts'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import type { LockedBox } from '../../project/index.ts'
import type { BoxSupply, Declared, Places, Reporting } from '../project.ts'
import { fetchLocked } from './fetch-locked.ts'
import { mismatch } from './lock-mismatch.ts'
import { checkTerms } from './locked-terms.ts'
import type { WantedBox } from './wanted-box.ts'

/**
 * The very box that posada.lock names: from the store, or fetched from where it came from. A box built
 * from a recipe has another digest on each host; one that was built here from the same recipe will do.
 * E_LOCK_MISMATCH, E_BOX_MISSING.
 */
export async function lockedBox(
  project: Declared & Places & Reporting & BoxSupply,
  wanted: WantedBox,
  locked: LockedBox,
): Promise<StoredBox> {
  checkTerms(project, wanted, locked)
  const stored = await wholeOr(project, wanted, locked)
  if (stored !== null) return stored
  if (locked.recipe !== undefined) {
    const built = await project.boxes.findBuilt({
      name: locked.name,
      arch: wanted.arch,
      inputs: locked.recipe,
    })
    if (built !== null) return tellBuilt(project, wanted, { locked, built })
  }
  const { name, version } = locked
  if (locked.url === undefined && wanted.source.kind !== 'file') throw await notThere(project, wanted, locked)
  const message = `fetching ${name}@${version}, as pinned in posada.lock`
  project.emit({ type: 'notice', level: 'info', message, machine: wanted.config.name })
  return fetchLocked(project, wanted, locked)
}

/** Null where the store has not got it, or has it damaged and it can be fetched again. */
async function wholeOr(
  project: Reporting & BoxSupply,
  wanted: WantedBox,
  locked: LockedBox,
): Promise<StoredBox | null> {
  try {
    return await project.boxes.get(locked.digest)
  } catch (error) {
    if (!isPosadaError(error, 'E_BOX_CORRUPT') || locked.url === undefined) throw error
    const { message } = error
    project.emit({ type: 'notice', level: 'warn', message, machine: wanted.config.name })
    return null
  }
}

function tellBuilt(
  project: Reporting,
  { config }: WantedBox,
  { locked: { version }, built }: { locked: LockedBox; built: StoredBox },
): StoredBox {
  const { name } = built.manifest
  if (built.manifest.version !== version)
    project.emit({
      type: 'notice',
      level: 'info',
      machine: config.name,
      message: `posada.lock has ${name}@${version}; using ${built.manifest.version}, built here from the same recipe`,
    })
  return built
}

async function notThere(
  project: Places & BoxSupply,
  wanted: WantedBox,
  locked: LockedBox,
): Promise<PosadaError> {
  const { name, version, digest, recipe } = locked
  const other = (await project.boxes.list()).find(
    (entry) =>
      entry.bearsName &&
      entry.name === name &&
      entry.arch === wanted.arch &&
      (entry.version === version || recipe !== undefined),
  )
  if (other !== undefined)
    return mismatch(project, locked, {
      digest: other.digest,
      what:
        recipe === undefined
          ? `the ${name}@${version} in the store is a different box`
          : `the ${name} in the store was built from a different recipe`,
    })
  const text = `${name}@${version}`
  return new PosadaError('E_BOX_MISSING', `posada.lock pins ${text}, which is not in the store`, {
    value: digest,
    hint:
      recipe === undefined
        ? `it was added from a file: add it again with posada box add, or use another with posada box update ${wanted.key}`
        : `posada box build ${name}`,
  })
}
