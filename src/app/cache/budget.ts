import { formatSize } from '../../lib/values/units.ts'
import { type Arrival, budgetIn, pruneTo } from '../box/budget.ts'

/** Bytes that layers take together where POSADA_CACHE_BUDGET says nothing else. */
const usualBudget = 20 * 2 ** 30

/** After a layer was kept: removes those used longest ago that no machine needs, until all fit the budget. E_USAGE. */
export async function keepLayerBudget({ emit, env, ...kept }: Arrival): Promise<void> {
  const budget = budgetIn(env, 'POSADA_CACHE_BUDGET') ?? usualBudget
  const gone = await pruneTo(budget, kept)
  if (gone.length === 0) return
  const size = formatSize(gone.reduce((sum, one) => sum + one.size, 0))
  const what = gone.length === 1 ? 'a layer was' : `${gone.length} layers were`
  const message = `${what} removed (${size}): unused, and layers may take ${formatSize(budget)}`
  emit({ type: 'notice', level: 'info', message })
}
