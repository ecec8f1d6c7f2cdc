import type { Emit } from '../events/index.ts'
import { listProjects, type ProjectResult } from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import { providerRegistry } from './provider/registry.ts'
import { trustOf } from './trust/agreed.ts'

export interface ListOptions {
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Every project of this user that has machines, with their states. */
export async function list({ env, emit, signal }: ListOptions): Promise<ProjectResult[]> {
  const user = userPaths(env)
  return listProjects(
    user,
    (root) => providerRegistry({ root, cacheDir: user.cache, emit, trust: trustOf({ root, user, env }) }),
    signal,
  )
}
