import type { Emit } from '../../events/index.ts'
import { userPaths } from '../../project/index.ts'
import { providerRegistry } from '../provider/registry.ts'
import { trustOf } from '../trust/agreed.ts'
import type { DoctorInputs } from './model.ts'

export interface DoctorSurroundings {
  cwd: string
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** What the checks look at on this host, for this user and folder. */
export function doctorInputs({ cwd, env, emit, signal }: DoctorSurroundings): DoctorInputs {
  const user = userPaths(env)
  const trust = trustOf({ root: cwd, user, env })
  const providers = providerRegistry({ root: cwd, cacheDir: user.cache, emit, trust })
  return { user, cwd, providers, emit, signal }
}
