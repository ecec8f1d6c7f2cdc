import type { Emit } from '../../events/index.ts'
import type { UserPaths } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { ownVersion } from '../own-version.ts'

/** How a provider of this host becomes the same of another; what knows of other hosts is loaded for that only. */
export function providersElsewhere(context: {
  user: UserPaths
  env: NodeJS.ProcessEnv
  emit: Emit
}): (local: Provider, host: string) => Promise<Provider> {
  return async (local, host) => {
    const { parseHost, remoteProvider } = await import('../../remote/index.ts')
    return remoteProvider(local, { ...context, address: parseHost(host), version: ownVersion() })
  }
}
