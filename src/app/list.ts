import type { Emit } from '../events/index.ts'
import {
  listProjects,
  type ProjectResult,
  type ProjectsOptions,
  type ProviderSource,
} from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import { providersElsewhere } from './provider/elsewhere.ts'
import { providerRegistry } from './provider/registry.ts'
import { trustOf } from './trust/agreed.ts'

export interface ListOptions {
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Every project of this user that has machines, with their states. */
export async function list(options: ListOptions): Promise<ProjectResult[]> {
  return listProjects(userProjects(options))
}

/**
 * How the projects of this user are looked at, once or again and again: providers are loaded once a project.
 */
export function userProjects({ env, emit, signal }: ListOptions): ProjectsOptions {
  const user = userPaths(env)
  const known = new Map<string, ProviderSource>()
  const elsewhere = providersElsewhere({ user, env, emit })
  const providersFor = (root: string) => {
    const trust = trustOf({ root, user, env })
    const source = known.get(root) ?? providerRegistry({ root, cacheDir: user.cache, emit, trust, elsewhere })
    known.set(root, source)
    return source
  }
  return { user, providersFor, signal }
}
