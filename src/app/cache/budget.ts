import type { BoxStore } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { UserPaths } from '../../project/index.ts'
import { budgetIn, pruneTo } from '../box/budget.ts'

/** Bytes that layers take together where POSADA_CACHE_BUDGET says nothing else. */
const usualBudget = 20 * 2 ** 30

/** After a layer was kept: removes those used longest ago that no machine needs, until all fit the budget. E_USAGE. */
export async function keepLayerBudget(options: {
  store: BoxStore
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
  /** The digest of the layer that came. */
  spare: string
}): Promise<void> {
  const { emit, env, ...kept } = options
  const budget = budgetIn(env, 'POSADA_CACHE_BUDGET') ?? usualBudget
  const gone = await pruneTo(budget, kept)
  if (gone.length === 0) return
  const size = formatSize(gone.reduce((sum, one) => sum + one.size, 0))
  const message = `${gone.length === 1 ? 'a cached layer that is' : `${gone.length} cached layers that are`} unused (${size}) went: the cache may take ${formatSize(budget)}`
  emit({ type: 'notice', level: 'info', message })
}
