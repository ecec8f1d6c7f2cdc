import type { BoxStore, PrunedBox } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { formatSize, parseSize } from '../../lib/values/units.ts'
import type { UserPaths } from '../../project/index.ts'
import { machinesOnBox } from './users.ts'

/** A store that something came into. */
export interface Arrival {
  store: BoxStore
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
  /** The digest of what came. */
  spare: string
}

/**
 * After a box came into the store: removes those used longest ago that no machine needs, until all boxes
 * together take no more than POSADA_BOX_BUDGET; nothing where that is not set. E_USAGE.
 */
export async function keepBudget({ store, user, env, emit, spare }: Arrival): Promise<void> {
  const budget = boxBudget(env)
  if (budget === null) return
  for (const { name, version, size } of await pruneTo(budget, { store, user, spare })) {
    const message = `${name}@${version} (${formatSize(size)}) was removed: it is unused, and boxes may take ${formatSize(budget)}`
    emit({ type: 'notice', level: 'info', message })
  }
}

/** Removes what no machine needs, used longest ago first, until a store takes at most so many bytes. */
export function pruneTo(
  budget: number | null,
  {
    store,
    user,
    spare,
    dryRun = false,
  }: { store: BoxStore; user: UserPaths; spare?: string; dryRun?: boolean },
): Promise<PrunedBox[]> {
  return store.prune({
    usedBy: (digest) => machinesOnBox({ store, user }, digest),
    keep: 0,
    budget,
    dryRun,
    spare: new Set(spare === undefined ? [] : [spare]),
  })
}

/** Bytes of POSADA_BOX_BUDGET; null where it is not set. Asked before a box is fetched, too: E_USAGE. */
export function boxBudget(env: NodeJS.ProcessEnv): number | null {
  return budgetIn(env, 'POSADA_BOX_BUDGET')
}

/** Bytes that a variable says; null where it is not set. E_USAGE. */
export function budgetIn(env: NodeJS.ProcessEnv, name: string): number | null {
  const text = env[name] ?? ''
  if (text === '') return null
  const parsed = parseSize(text)
  if ('value' in parsed) return parsed.value
  throw new PosadaError('E_USAGE', `${name} ${parsed.problem}`, {
    value: text,
    hint: 'set it to a size such as 40GiB, or unset it',
  })
}
