import type { Installer } from '../../box/index.ts'
import type { Emit } from '../../events/index.ts'
import { machineInstaller } from '../../machine/index.ts'
import type { UserPaths } from '../../project/index.ts'
import { providerRegistry } from '../provider/registry.ts'
import { trustOf } from '../trust/agreed.ts'

/** Runs systems' installers with the providers that come with Posada: what a recipe installs belongs to no project. */
export function ownInstaller({
  user,
  env,
  emit,
  signal,
}: {
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}): Installer {
  const trust = trustOf({ root: '/', user, env })
  const providers = providerRegistry({ root: '/', cacheDir: user.cache, emit, trust })
  return machineInstaller({ providers, user, emit, signal })
}
