import { pruneTo } from '../box/budget.ts'
import { sizeOption } from '../box/prune.ts'
import type { ListedLayer } from './list.ts'
import { userLayers } from './user-layers.ts'

export interface LayerPruneResult {
  removed: Pick<ListedLayer, 'name' | 'arch' | 'digest' | 'size'>[]
  /** Bytes. */
  size: number
}

/** Removes layers that no machine needs; with `to`, only until all take that much together. E_USAGE. */
export async function pruneLayers({
  to,
  dryRun,
  env,
}: {
  /** As typed: `20GiB`. */
  to: string | undefined
  dryRun: boolean
  env: NodeJS.ProcessEnv
}): Promise<LayerPruneResult> {
  const budget = to === undefined ? null : sizeOption(to)
  const gone = await pruneTo(budget, { ...userLayers(env), dryRun })
  const removed = gone.map(({ name, arch, digest, size }) => ({ name, arch, digest, size }))
  return { removed, size: removed.reduce((sum, { size }) => sum + size, 0) }
}
