import type { StoredBox } from '../../box/index.ts'
import { isPosadaError } from '../../errors/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { BoxSupply, Reporting } from '../project.ts'
import { type CachePoint, layerName } from './points.ts'

/** A disk as it was behind some steps, which a machine is made from in place of its box. */
export interface Layer extends CachePoint {
  /** What its disks lie on; how it boots and is logged in to is as with the box that it came from. */
  box: StoredBox
  /** The box that it came from. */
  original: StoredBox
}

/**
 * The layer that spares most steps; null where there is none that is whole. One that is missing may be fetched: `fetch`
 * says whether it was. `hold` notes that a machine stands on it, and says whether it still was there then.
 */
export async function findLayer(
  project: Pick<BoxSupply, 'layers'> & Reporting,
  points: readonly CachePoint[],
  { original, fetch, hold }: Finding,
): Promise<Layer | null> {
  for (const point of [...points].reverse()) {
    const look = () => storedLayer(project, point, original.manifest.arch)
    const box = (await look()) ?? ((await fetch(point)) ? await look() : null)
    if (box !== null && (await hold(box))) return { ...point, box, original }
  }
  return null
}

interface Finding {
  original: StoredBox
  fetch: (point: CachePoint) => Promise<boolean>
  hold: (box: StoredBox) => Promise<boolean>
}

/** The layer of a point, whole; one that was cut short or changed is told, and is none. */
export async function storedLayer(
  { layers, emit }: Pick<BoxSupply, 'layers'> & Pick<Reporting, 'emit'>,
  point: CachePoint,
  arch: Arch,
): Promise<StoredBox | null> {
  try {
    return await layers.find({ kind: 'name', name: layerName(point), wanted: [] }, arch)
  } catch (error) {
    if (!isPosadaError(error, 'E_BOX_CORRUPT', 'E_BOX_INVALID')) throw error
    const message = `a cached layer is damaged and is not used; its steps run again (${error.message})`
    emit({ type: 'notice', level: 'warn', message, hint: 'posada cache prune removes it' })
    return null
  }
}
