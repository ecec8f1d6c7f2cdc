import { sweepBuilds } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { parseSize } from '../../lib/values/units.ts'
import { ownInstaller } from './installer.ts'
import { userBoxes } from './user-boxes.ts'

/** What `posada box prune` removed, or would. Sizes are bytes. */
export interface PruneResult {
  removed: { name: string; version: string; arch: string; digest: string; size: number }[]
  /** What all of it took together. */
  size: number
}

export interface PruneBoxesOptions {
  keep: number
  /** As typed: `20GiB`. */
  to: string | undefined
  dryRun: boolean
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Removes the boxes that no machine of this user needs, and what killed builds left. E_USAGE for a size that cannot be read. */
export async function pruneBoxes({
  keep,
  to,
  dryRun,
  env,
  emit,
  signal,
}: PruneBoxesOptions): Promise<PruneResult> {
  const { store, user, usedBy } = userBoxes(env)
  const budget = to === undefined ? null : sizeOption(to)
  const removed = await store.prune({ usedBy, keep, budget, dryRun })
  if (!dryRun) await sweepBuilds(store.dir, ownInstaller({ user, env, emit, signal }))
  return { removed, size: removed.reduce((sum, one) => sum + one.size, 0) }
}

/** `--to 20GiB`, as bytes. E_USAGE. */
export function sizeOption(text: string): number {
  const parsed = parseSize(text)
  if ('value' in parsed) return parsed.value
  throw new PosadaError('E_USAGE', `--to ${parsed.problem}`, {
    value: text,
    hint: 'give a size such as 20GiB',
  })
}
