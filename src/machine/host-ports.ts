import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/errno.ts'
import { portOwner } from '../lib/port-owner.ts'
import type { Machine, Port } from '../manifest/index.ts'
import type { PortForward } from '../provider/index.ts'
import type { PortResult } from './results.ts'
import { SSH_GUEST_PORT } from './spec.ts'

export interface ChosenPorts {
  /** SSH's first. */
  forwards: PortForward[]
  /** The manifest's ports as they are, SSH's not among them. */
  ports: PortResult[]
}

/**
 * Chooses the host's ports of a machine that is about to start. SSH keeps `sshPort` where it is
 * free. A port that is taken is moved where the manifest says `auto`, else it is E_PORT_IN_USE with
 * its owner. Between this and the start somebody may still take one: the start then fails.
 */
export async function choosePorts(config: Machine, sshPort: number | undefined): Promise<ChosenPorts> {
  const taken = await findTaken(config.ports)
  if (taken.length > 0) throw taken.length === 1 ? taken[0] : several(config, taken)
  const ports: PortResult[] = []
  for (const port of config.ports) ports.push(await settle(port))
  const kept = sshPort !== undefined && (await isFree('tcp', '127.0.0.1', sshPort))
  const ssh: PortForward = {
    protocol: 'tcp',
    hostAddress: '127.0.0.1',
    hostPort: kept ? sshPort : await freePort('tcp', '127.0.0.1'),
    guestPort: SSH_GUEST_PORT,
  }
  const forwards = ports.map(({ movedFrom: _, ...forward }) => forward)
  return { forwards: [ssh, ...forwards], ports }

  async function findTaken(wanted: Port[]): Promise<PosadaError[]> {
    const errors: PosadaError[] = []
    for (const [index, port] of wanted.entries()) {
      if (port.auto || (await isFree(port.protocol, port.hostAddress, port.hostPort))) continue
      errors.push(await inUse(config, port, index))
    }
    return errors
  }
}

async function settle(port: Port): Promise<PortResult> {
  const { auto, ...rest } = port
  if (!auto || (await isFree(port.protocol, port.hostAddress, port.hostPort))) return rest
  const hostPort = await freePort(port.protocol, port.hostAddress)
  return { ...rest, hostPort, movedFrom: port.hostPort }
}

async function inUse(config: Machine, port: Port, index: number): Promise<PosadaError> {
  const owner = await portOwner(port.protocol, port.hostPort)
  const by = owner === null ? '' : ` by ${owner.name} (pid ${owner.pid})`
  return new PosadaError(
    'E_PORT_IN_USE',
    `port ${port.hostPort}/${port.protocol} of ${port.hostAddress} is taken${by}`,
    {
      value: `${port.hostAddress}:${port.hostPort}/${port.protocol}`,
      place: config.place('ports', index),
      machine: config.name,
      hint: 'free it, choose another, or let Posada choose: {host: …, guest: …, auto: true}',
    },
  )
}

function several(config: Machine, problems: PosadaError[]): PosadaError {
  return new PosadaError('E_PORT_IN_USE', `${problems.length} ports are taken`, {
    machine: config.name,
    problems,
  })
}

/** Whether a listener could be opened there now. An address that the host lacks counts as taken. */
export async function isFree(protocol: 'tcp' | 'udp', address: string, port: number): Promise<boolean> {
  try {
    await bindOnce(protocol, address, port)
    return true
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL')) return false
    throw error
  }
}

async function freePort(protocol: 'tcp' | 'udp', address: string): Promise<number> {
  return bindOnce(protocol, address, 0)
}

/** Binds, closes, and says which port it was. */
function bindOnce(protocol: 'tcp' | 'udp', address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    if (protocol === 'udp') {
      const socket = createSocket('udp4').once('error', reject)
      socket.bind({ address, port, exclusive: true }, () => {
        const bound = socket.address().port
        socket.close(() => resolve(bound))
      })
      return
    }
    const server = createServer().once('error', reject)
    server.listen({ host: address, port, exclusive: true }, () => {
      const bound = server.address()
      server.close(() =>
        typeof bound === 'object' && bound !== null ? resolve(bound.port) : reject(new Error('no port')),
      )
    })
  })
}
