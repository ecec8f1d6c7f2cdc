import type { BoxStore } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import type { FetchBox } from '../../machine/index.ts'
import type { UserPaths } from '../../project/index.ts'
import { boxBudget, keepBudget } from './budget.ts'
import { machinesOnBox } from './users.ts'

/** How this user's boxes are fetched. What fetches is loaded when something is. */
export function boxFetcher(options: {
  store: BoxStore
  user: UserPaths
  catalogues: readonly string[]
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}): FetchBox {
  const { user, ...context } = options
  const { store } = options
  return async (from, { arch, terms, names, source, accept }) => {
    boxBudget(options.env)
    const { fetchBox, requireChecksum } = await import('../../box/index.ts')
    const box = await fetchBox(from, {
      ...context,
      arch,
      names,
      checksum: terms.checksum === null ? null : requireChecksum(terms.checksum),
      unchecked: terms.unchecked,
      facts: terms.facts,
      usedBy: (digest) => machinesOnBox({ store, user }, digest),
      ...(source === undefined ? {} : { source }),
      ...(accept === undefined ? {} : { accept }),
    })
    await keepBudget({ ...options, spare: box.digest })
    return box
  }
}
