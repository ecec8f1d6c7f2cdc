import { PosadaError } from '../../src/errors/index.ts'
import { isErrno } from '../../src/lib/files/errno.ts'
import { bindOnce } from '../../src/lib/net/bind-once.ts'
import { portOwner } from '../../src/lib/net/port-owner.ts'
import { forwardsOf, type MachineSpec, type PortForward } from '../../src/provider/index.ts'

/** E_PORT_IN_USE, naming who has it, for the first forward whose port of the host is not available. */
export async function checkPorts(spec: MachineSpec): Promise<void> {
  for (const forward of forwardsOf(spec)) {
    const error = await tryPort(forward)
    if (error !== null) throw await portError(forward, spec, error)
  }
}

/** What a forward that QEMU could not make comes from; also for a port taken after `checkPorts`. */
export async function portError(
  forward: PortForward,
  spec: MachineSpec,
  cause: unknown,
): Promise<PosadaError> {
  const { protocol, hostAddress, hostPort } = forward
  const value = `${hostAddress}:${hostPort}/${protocol}`
  const options = { value, machine: spec.name, cause }
  if (isErrno(cause, 'EACCES')) {
    return new PosadaError('E_NO_PERMISSION', `port ${value} is reserved for root`, {
      ...options,
      hint: 'use port 1024 or above',
    })
  }
  if (isErrno(cause, 'EADDRNOTAVAIL')) {
    return new PosadaError('E_VALUE_INVALID', `${hostAddress} is not an address of this host`, {
      ...options,
      hint: 'listen on 127.0.0.1, or on 0.0.0.0 for all addresses',
    })
  }
  const owner = await portOwner(protocol, hostPort)
  const who = owner === null ? 'another process' : `${owner.name} (pid ${owner.pid})`
  return new PosadaError('E_PORT_IN_USE', `port ${value} is in use by ${who}`, {
    ...options,
    hint: 'stop that process, give the forward another host port, or set auto: true on it',
  })
}

/** Binds as QEMU will and lets go again. Null: it is available. */
async function tryPort({ protocol, hostAddress, hostPort }: PortForward): Promise<Error | null> {
  try {
    await bindOnce(protocol, hostAddress, hostPort)
    return null
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) return error
    throw error
  }
}
