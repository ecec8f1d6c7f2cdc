import { PosadaError } from '../../errors/index.ts'
import { type Resolution, resolveConflicts } from '../../sync/index.ts'
import { withMachineLock } from '../machine-lock.ts'
import { conditionOf } from '../observed/observe.ts'
import type { Project } from '../project.ts'
import { type Mirrored, mirrored } from './conflicts.ts'
import { syncNow } from './now.ts'
import { pairOf } from './pairs.ts'

export interface ResolveOptions {
  /** None: all. */
  machines: readonly string[]
  choice: Resolution
  /** As in `.gitignore`. */
  patterns: readonly string[]
}

export interface ResolveResult {
  /** How many paths were in conflict and no longer are. */
  resolved: number
  /** Machines that do not run: what was chosen for them is carried out by the next `up`. */
  waiting: string[]
}

/** Settles what both sides changed: one version takes the other's place, which goes to the trash. E_SYNC_NONE. */
export async function syncResolve(
  project: Project,
  { machines, choice, patterns }: ResolveOptions,
): Promise<ResolveResult> {
  let resolved = 0
  const waiting = new Set<string>()
  for (const one of await mirrored(project, machines)) {
    const { name } = one.config
    await withMachineLock(project, name, async () => {
      const { stateDir } = await pairOf(project, one.state, one.folder)
      const count = await resolveConflicts(stateDir, choice, patterns)
      resolved += count
      if (count === 0) return
      if (await runs(project, one)) await syncNow(project, one.config, [one.folder])
      else waiting.add(name)
    })
  }
  if (resolved === 0)
    throw new PosadaError('E_SYNC_NONE', `no conflict matches ${patterns.join(' ')}`, {
      value: patterns.join(' '),
      hint: 'posada sync conflicts lists them',
    })
  return { resolved, waiting: [...waiting] }
}

async function runs({ providers }: Project, { state }: Mirrored): Promise<boolean> {
  return (await conditionOf(await providers.get(state.provider), state)).name === 'running'
}
