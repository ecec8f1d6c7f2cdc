import { formatSize } from '../../lib/values/units.ts'
import { type Arrival, budgetIn, pruneTo } from '../box/budget.ts'
import { pruneImages } from './images.ts'
import { listLayers } from './list.ts'

/** Bytes that layers and warm images take together where POSADA_CACHE_BUDGET says nothing else. */
const usualBudget = 20 * 2 ** 30

/**
 * After a layer was kept: removes those used longest ago that no machine needs, until all fit the budget, and of warm
 * images what has no room beside them. E_USAGE.
 */
export async function keepLayerBudget({ emit, env, ...kept }: Arrival): Promise<void> {
  const budget = cacheBudget(env)
  const gone = await pruneTo(budget, kept)
  await keepImageBudget(env, kept)
  if (gone.length === 0) return
  const size = formatSize(gone.reduce((sum, one) => sum + one.size, 0))
  const what = gone.length === 1 ? 'a layer was' : `${gone.length} layers were`
  const message = `${what} removed (${size}): unused, and layers may take ${formatSize(budget)}`
  emit({ type: 'notice', level: 'info', message })
}

/** Removes warm images used longest ago that have no room beside the layers. They are made again where they are missed. */
export async function keepImageBudget(
  env: NodeJS.ProcessEnv,
  { user }: Pick<Arrival, 'user'>,
): Promise<void> {
  const { size } = await listLayers(env)
  await pruneImages(user, { budget: Math.max(0, cacheBudget(env) - size) })
}

function cacheBudget(env: NodeJS.ProcessEnv): number {
  return budgetIn(env, 'POSADA_CACHE_BUDGET') ?? usualBudget
}
