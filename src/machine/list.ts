import { fromSystemError, PosadaError } from '../errors/index.ts'
import { exists } from '../lib/files/folders.ts'
import {
  checkOwnTree,
  type IndexEntry,
  machinesOnDisk,
  projectPaths,
  readIndex,
  readState,
  type UserPaths,
} from '../project/index.ts'
import type { MachineStateName } from './facts/observed.ts'
import { conditionOf } from './observed/observe.ts'
import type { ProviderSource } from './project.ts'
import type { ProjectResult } from './results.ts'
import { untilAborted } from './until-aborted.ts'

/** All projects of this user that have machines, wherever they are. */
export async function listProjects(
  user: UserPaths,
  providersFor: (root: string) => ProviderSource,
  signal: AbortSignal,
): Promise<ProjectResult[]> {
  const entries = await readIndex(user.projects)
  return untilAborted(
    signal,
    Promise.all(entries.map((entry) => describe(entry, user, providersFor(entry.root)))),
  )
}

async function describe(
  entry: IndexEntry,
  user: UserPaths,
  providers: ProviderSource,
): Promise<ProjectResult> {
  const { id, root, name } = entry
  const paths = projectPaths(root, user)
  try {
    checkOwnTree(paths)
    if (!(await exists(root))) return { id, root, name, machines: null, problem: 'the folder is gone' }
    const machines: { name: string; state: MachineStateName }[] = []
    for (const machine of await machinesOnDisk(paths)) {
      const state = await readState(paths.machine(machine))
      if (state === null) continue
      const provider = await providers.get(state.provider)
      machines.push({ name: machine, state: (await conditionOf(provider, state)).name })
    }
    return { id, root, name, machines }
  } catch (error) {
    return { id, root, name, machines: null, problem: problemOf(error) }
  }
}

/** What keeps a project from being looked into: a state that is damaged, a folder on a disk that is not there. */
function problemOf(error: unknown): string {
  const coded = fromSystemError(error)
  if (coded instanceof PosadaError) return coded.message
  if (error instanceof Error && 'syscall' in error) return error.message
  throw error
}
