import { formatHost, parseHost, setUpHost } from '../../remote/index.ts'
import { ownVersion } from '../own-version.ts'

export interface HostSetup {
  host: string
  /** Of Posada, and of the Node that runs it there. */
  version: string
  node: string
}

/** Copies this Posada to another host, so that machines can run there. E_HOST_ADDRESS, E_HOST_LOGIN, E_HOST_SETUP. */
export async function setupHost(
  host: string,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<HostSetup> {
  const address = parseHost(host)
  const version = ownVersion()
  const { node } = await setUpHost(address, { version, env, signal })
  return { host: formatHost(address), version, node }
}
