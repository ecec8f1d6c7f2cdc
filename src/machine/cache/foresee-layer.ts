import type { StoredBox } from '../../box/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { readLockfile } from '../../project/index.ts'
import { findStored, recipeOf, wantedBox } from '../box/wanted-box.ts'
import type { StepDecision } from '../plan/decide.ts'
import type { BoxSupply, Declared, Places, Reporting } from '../project.ts'
import { storedLayer } from './find-layer.ts'
import { type CachePoint, cachePoints } from './points.ts'

type Needed = Declared & Places & Reporting & BoxSupply

interface Foreseen {
  foreseen: readonly StepDecision[]
  userData: string | null | undefined
}

/**
 * Where the disk of a new machine is kept, without making or fetching anything. Where the box is not in the store yet, it
 * is not known, nor where a recipe of the project describes it: null.
 */
export async function foreseePoints(
  project: Needed,
  config: Machine,
  { foreseen, userData }: Foreseen,
): Promise<{ points: CachePoint[]; original: StoredBox } | null> {
  if (!config.provision.some(({ cache }) => cache === true) || userData === undefined) return null
  if (recipeOf(project, config) !== null) return null
  const wanted = await wantedBox(project, config)
  const { locked } = wanted
  const original = await (locked === null ? findStored(project, wanted) : project.boxes.get(locked.digest))
  if (original === null) return null
  const digested = config.provision.map((step, index) => ({ step, digest: foreseen[index]?.to ?? null }))
  return { points: cachePoints({ box: original, userData, disk: config.disk }, digested), original }
}

/** The layer that `up` would make the machine from: one that is there, or that posada.lock leads to. */
export async function foreseeLayer(
  project: Needed,
  config: Machine,
  inputs: Foreseen,
): Promise<CachePoint | null> {
  const { points, original } = (await foreseePoints(project, config, inputs)) ?? {}
  if (points === undefined || original === undefined) return null
  const { layers } = await readLockfile(project.paths.lockfile)
  for (const point of points.toReversed()) {
    if (layers.has(point.key) || (await storedLayer(project, point, original.manifest.arch)) !== null)
      return point
  }
  return null
}
