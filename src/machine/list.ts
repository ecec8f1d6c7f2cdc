import { fromSystemError, PosadaError } from '../errors/index.ts'
import { exists } from '../lib/files/folders.ts'
import {
  checkOwnTree,
  machinesOnDisk,
  projectPaths,
  readIndex,
  readState,
  type UserPaths,
} from '../project/index.ts'
import { conditionOf } from './observed/observe.ts'
import type { Places, ProviderSource, Providing } from './project.ts'
import type { ProjectOf, ProjectResult } from './results.ts'
import { untilAborted } from './until-aborted.ts'

/** Who looks at the projects of a user. */
export interface ProjectsOptions {
  user: UserPaths
  providersFor: (root: string) => ProviderSource
  signal: AbortSignal
}

/** All projects of this user that have machines, wherever they are. */
export async function listProjects(options: ProjectsOptions): Promise<ProjectResult[]> {
  return eachProject(options, async ({ paths, providers }, name) => {
    const state = await readState(paths.machine(name))
    if (state === null) return null
    const provider = await providers.get(state.provider)
    return { name, state: (await conditionOf(provider, state)).name }
  })
}

/** The same projects, with what `look` finds of each machine on disk; null: it is not one. */
export async function eachProject<T>(
  { user, providersFor, signal }: ProjectsOptions,
  look: (project: Places & Providing, machine: string) => Promise<T | null>,
): Promise<ProjectOf<T>[]> {
  const entries = await readIndex(user.projects)
  const described = entries.map(async ({ id, root, name }): Promise<ProjectOf<T>> => {
    const project = { paths: projectPaths(root, user), user, providers: providersFor(root) }
    return { id, root, name, ...(await describe(project, look)) }
  })
  return untilAborted(signal, Promise.all(described))
}

async function describe<T>(
  project: Places & Providing,
  look: (project: Places & Providing, machine: string) => Promise<T | null>,
): Promise<Pick<ProjectOf<T>, 'machines' | 'problem'>> {
  const { paths } = project
  try {
    checkOwnTree(paths)
    if (!(await exists(paths.root))) return { machines: null, problem: 'the folder is gone' }
    const machines: T[] = []
    for (const name of await machinesOnDisk(paths)) {
      const found = await look(project, name)
      if (found !== null) machines.push(found)
    }
    return { machines }
  } catch (error) {
    return { machines: null, problem: problemOf(error) }
  }
}

/** What keeps a project from being looked into: a state that is damaged, a folder on a disk that is not there. */
function problemOf(error: unknown): string {
  const coded = fromSystemError(error)
  if (coded instanceof PosadaError) return coded.message
  if (error instanceof Error && 'syscall' in error) return error.message
  throw error
}
