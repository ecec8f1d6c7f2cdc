import type { StoredBox } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { PlannedStep } from '../../provisioners/index.ts'
import { findBox } from '../box/find-box.ts'
import type { BoxSupply, Declared, Locking, Places } from '../project.ts'
import { layerFetcher } from './fetch-locked-layer.ts'
import { findLayer, type Layer } from './find-layer.ts'
import { type CachePoint, cachePoints } from './points.ts'

/** What a new machine may begin with, and where its disk is to be kept. */
export interface LayersFor {
  layer: Layer | null
  keeping: { points: readonly CachePoint[]; original: StoredBox }
}

/**
 * The layer that a new machine is made from, noted in the store as its own, and what becomes layers while it is made;
 * null where none of its steps asks for it. The box is fetched where it is missing.
 */
export async function layersFor(
  project: Declared & Places & Locking & BoxSupply,
  { projectId, config }: { projectId: string; config: Machine },
  { planned, userData }: { planned: readonly PlannedStep[]; userData: string | null | undefined },
): Promise<LayersFor | null> {
  if (!config.provision.some(({ cache }) => cache === true) || userData === undefined) return null
  const original = await findBox(project, config, null)
  const points = cachePoints({ box: original, userData, disk: config.disk }, planned)
  const user = {
    id: projectId,
    project: project.manifest.name,
    root: project.paths.root,
    machine: config.name,
  }
  const hold = async ({ digest }: StoredBox) => {
    await project.layers.noteUser(digest, user)
    return (await project.layers.get(digest)) !== null
  }
  const fetch = await layerFetcher(project, config.name)
  const layer = await findLayer(project, points, { original, fetch, hold })
  return { layer, keeping: { points, original } }
}

/** As an input of `decide`. */
export function shownLayer(layer: CachePoint | null): { layer?: string } {
  return layer === null
    ? {}
    : { layer: `layer ${layer.key.slice(0, 12)} with step ${layer.steps.at(-1)?.name}` }
}
