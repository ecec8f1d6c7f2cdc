import { PosadaError } from '../../errors/index.ts'
import type { Provider } from '../../provider/index.ts'

/** E_CAPABILITY for a machine whose disks are not files of this host, where something is to be made of them. */
export function requireOwnDisks(provider: Provider, machine: string): void {
  const { host } = provider.capabilities()
  if (host === undefined) return
  throw new PosadaError('E_CAPABILITY', `the disks of machine ${machine} are on ${host}`, {
    ...{ value: host, machine },
    hint: 'this works with machines of this computer only, so far',
  })
}
