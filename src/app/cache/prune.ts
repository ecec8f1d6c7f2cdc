import { pruneTo } from '../box/budget.ts'
import { sizeOption } from '../box/prune.ts'
import { type ListedImage, pruneImages, sizeOf } from './images.ts'
import { type ListedLayer, listCache } from './list.ts'
import { userLayers } from './user-layers.ts'

export interface CachePruneResult {
  /** Layers. */
  removed: Pick<ListedLayer, 'name' | 'arch' | 'digest' | 'size'>[]
  warm: Pick<ListedImage, 'name' | 'arch' | 'size'>[]
  /** Bytes of both. */
  size: number
}

/**
 * Removes warm images, which are made again where they are missed, and layers that no machine needs; with `to`, only until
 * all take that much together. E_USAGE.
 */
export async function pruneCache({
  to,
  dryRun,
  env,
}: {
  /** As typed: `20GiB`. */
  to: string | undefined
  dryRun: boolean
  env: NodeJS.ProcessEnv
}): Promise<CachePruneResult> {
  const budget = to === undefined ? null : sizeOption(to)
  const { store, user } = userLayers(env)
  const { layers } = await listCache(env)
  const room = budget === null ? null : Math.max(0, budget - sizeOf(layers))
  const images = await pruneImages(user, { budget: room, dryRun })
  const gone = await pruneTo(budget, { store, user, dryRun })
  const removed = gone.map(({ name, arch, digest, size }) => ({ name, arch, digest, size }))
  const warm = images.map(({ name, arch, size }) => ({ name, arch, size }))
  return { removed, warm, size: sizeOf([...removed, ...warm]) }
}
