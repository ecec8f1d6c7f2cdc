import { isPosadaError } from '../../errors/index.ts'
import { type LockedLayer, readLockfile } from '../../project/index.ts'
import type { BoxSupply, Places, Reporting } from '../project.ts'
import { type CachePoint, layerName } from './points.ts'

/**
 * What gets a layer from the registry where posada.lock has it, and says whether it did. One that is gone, or is not
 * what the lock says, is told: its steps run.
 */
export async function layerFetcher(
  project: Places & Reporting & BoxSupply,
  machine: string,
): Promise<(point: CachePoint) => Promise<boolean>> {
  const { layers } = await readLockfile(project.paths.lockfile)
  return async (point) => {
    const locked = layers.get(point.key)
    return locked !== undefined && (await fetchOrTell(project, { machine, point, locked }))
  }
}

async function fetchOrTell(
  { fetchLayer, emit, signal }: Places & Reporting & BoxSupply,
  { machine, point, locked }: { machine: string; point: CachePoint; locked: LockedLayer },
): Promise<boolean> {
  try {
    await fetchLayer(locked, layerName(point))
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (!isPosadaError(error)) throw error
    const message = `the layer with step ${point.steps.at(-1)?.name} was not fetched, its steps run instead: ${error.message}`
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    emit({ type: 'notice', level: 'warn', machine, message, ...hint })
    return false
  }
}
