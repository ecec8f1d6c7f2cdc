import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { forwardsOf, type MachineSpec, type OpenTo, PosadaError } from '../provider/index.ts'

/** `Provider.open` of one whose serial channels are Unix sockets and whose forwards are ports of this host. */
export async function openLocal(
  spec: MachineSpec,
  sockets: Readonly<Record<'ready' | 'agent', string>>,
  { to, signal }: { to: OpenTo; signal: AbortSignal | undefined },
): Promise<Socket> {
  const socket = connect({
    ...(typeof to === 'string' ? { path: sockets[to] } : forwardTo(spec, to.tcp)),
    signal,
  })
  await once(socket, 'connect', { signal })
  return socket
}

function forwardTo(spec: MachineSpec, port: number): { host: string; port: number; noDelay: true } {
  const forward = forwardsOf(spec).find(({ protocol, guestPort }) => protocol === 'tcp' && guestPort === port)
  if (forward !== undefined) return { host: forward.hostAddress, port: forward.hostPort, noDelay: true }
  throw new PosadaError('E_CAPABILITY', `nothing leads to port ${port} of machine ${spec.name}`, {
    ...{
      value: String(port),
      machine: spec.name,
      hint: 'name the port under ports: and start the machine again',
    },
  })
}
