import { PosadaError } from '../../errors/index.ts'
import { portOwner } from '../../lib/net/port-owner.ts'
import type { Machine, Port } from '../../manifest/index.ts'
import type { PortHolder } from './holder.ts'
import type { Obstacle } from './obstacle.ts'

/** Why a port of the manifest cannot be opened, as the user is told. `holder`: who of Posada's machines has it. */
export async function portError(
  config: Machine,
  port: Port,
  obstacle: Exclude<Obstacle, 'taken'> | { holder: PortHolder | null },
): Promise<PosadaError> {
  const { protocol, hostAddress, hostPort } = port
  const options = {
    value: `${hostAddress}:${hostPort}/${protocol}`,
    place: config.place('ports', port.item),
    machine: config.name,
  }
  if (obstacle === 'no address') {
    return new PosadaError('E_VALUE_INVALID', `this host has no address ${hostAddress}`, {
      ...options,
      hint: 'use 127.0.0.1 for this host only, 0.0.0.0 for all its addresses',
    })
  }
  if (obstacle === 'denied') {
    return new PosadaError(
      'E_NO_PERMISSION',
      `port ${hostPort}/${protocol} cannot be opened: permission denied`,
      {
        ...options,
        hint: 'use 1024 or higher',
      },
    )
  }
  const { holder } = obstacle
  const owner = holder === null ? await portOwner(protocol, hostPort) : null
  const by = holder?.text ?? (owner === null ? null : `${owner.name} (pid ${owner.pid})`)
  const message = `port ${hostPort}/${protocol} of ${hostAddress} is in use${by === null ? '' : ` by ${by}`}`
  const free = holder === null ? 'free it' : `free it (${holder.halt})`
  return new PosadaError('E_PORT_IN_USE', message, {
    ...options,
    hint: `${free}, choose another, or let Posada choose: {host: …, guest: …, auto: true}`,
  })
}
