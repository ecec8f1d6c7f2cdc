import type { MachineSpec } from '../../../src/provider/index.ts'
import { shareSocket } from '../../../src/provider-kit/index.ts'

/**
 * Connects to what serves a machine's folders: its process, which is confined, is given the connections. Native code is
 * loaded only for machines that have folders. @throws SystemCallError
 */
export async function connectShares(spec: MachineSpec): Promise<number[]> {
  const { shares = [] } = spec
  if (shares.length === 0) return []
  const { connectTo } = await import('../ffi/sockets.ts')
  return shares.map((_, index) => connectTo(shareSocket(spec, index)))
}
