import { type PosadaError, throwProblems } from '../../errors/index.ts'
import { bindOnce } from '../../lib/net/bind-once.ts'
import type { Machine, Port } from '../../manifest/index.ts'
import type { PortForward } from '../../provider/index.ts'
import { sshGuestPort } from '../facts/ssh-port.ts'
import type { PortResult } from '../results.ts'
import type { PortHolder } from './holder.ts'
import { findObstacle, type HostPort, isFree } from './obstacle.ts'
import { portError } from './port-error.ts'
import { reachLoopback } from './reach-loopback.ts'

/** What was chosen at the last start. */
export interface PreviousPorts {
  ssh?: number | undefined
  ports: readonly PortResult[]
}

/** Who else has ports of this host. */
export interface PortNeighbours {
  /** Ports that are not to be taken though they are free now. */
  others?: readonly HostPort[]
  holderOf?: HolderOf
}

type HolderOf = (port: HostPort) => Promise<PortHolder | null>

export interface ChosenPorts {
  /** All of them, SSH's named so; a guest that is not logged in to has none for it. */
  forwards: PortForward[]
  /** The manifest's ports as they are, SSH's not among them. */
  ports: PortResult[]
}

/**
 * Chooses the host's ports of a machine that is about to start. SSH keeps `previous.ssh` where it is
 * free. A port that is taken, or 0, is moved where the manifest says `auto`, to where it was moved before if
 * that is free, else it is E_PORT_IN_USE with its owner. None is chosen that another forward of the machine has,
 * or one of the `others`. Between
 * this and the start another program may still take one: the start then fails. E_LOOPBACK.
 */
export async function choosePorts(
  config: Machine,
  previous: PreviousPorts = { ports: [] },
  { others = [], holderOf = async () => null }: PortNeighbours = {},
): Promise<ChosenPorts> {
  await reachLoopback()
  const problems = await findProblems(config, holderOf)
  const isOneKind = problems.every(({ code }) => code === problems[0]?.code)
  throwProblems(problems, {
    ...(isOneKind ? {} : { code: 'E_PORT_IN_USE' }),
    message: `${problems.length} ports cannot be opened`,
    machine: config.name,
  })
  const given: HostPort[] = [...others, ...config.ports.filter(({ auto }) => !auto)]
  const ports: PortResult[] = []
  for (const port of config.ports) {
    const settled = await settle(port, given, previous.ports)
    ports.push(settled)
    given.push(settled)
  }
  const forwards = ports.map(({ movedFrom: _, ...forward }) => forward)
  if (config.guest === 'other') return { forwards, ports }
  const wanted: HostPort = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: previous.ssh ?? 0 }
  const hostPort = await keepOrMove(wanted, given)
  const ssh: PortForward = { ...wanted, name: 'ssh', hostPort, guestPort: sshGuestPort }
  return { forwards: [ssh, ...forwards], ports }
}

/** What keeps the ports that may not be moved from being opened. */
async function findProblems(config: Machine, holderOf: HolderOf): Promise<PosadaError[]> {
  const problems: PosadaError[] = []
  for (const port of config.ports) {
    const obstacle = await findObstacle(port.protocol, port.hostAddress, port.hostPort)
    if (obstacle === null || (obstacle === 'taken' && port.auto)) continue
    problems.push(
      await portError(config, port, obstacle === 'taken' ? { holder: await holderOf(port) } : obstacle),
    )
  }
  return problems
}

async function settle(
  port: Port,
  given: readonly HostPort[],
  previous: readonly PortResult[],
): Promise<PortResult> {
  const { auto, item: _, ...rest } = port
  if (!auto || (port.hostPort !== 0 && (await isOpenTo(port, given)))) return rest
  const { protocol, hostAddress, guestPort } = port
  const before = previous.find(
    (one) =>
      one.protocol === protocol &&
      one.hostAddress === hostAddress &&
      one.guestPort === guestPort &&
      one.movedFrom === port.hostPort,
  )
  const wanted: HostPort = { protocol, hostAddress, hostPort: before?.hostPort ?? 0 }
  return { ...rest, hostPort: await keepOrMove(wanted, given), movedFrom: port.hostPort }
}

/** The port that is wanted, or where it is taken or 0 any other. */
async function keepOrMove(wanted: HostPort, given: readonly HostPort[]): Promise<number> {
  const kept = wanted.hostPort !== 0 && (await isOpenTo(wanted, given))
  return kept ? wanted.hostPort : freePort(wanted, given)
}

async function isOpenTo(port: HostPort, given: readonly HostPort[]): Promise<boolean> {
  return !isGiven(port, given) && isFree(port.protocol, port.hostAddress, port.hostPort)
}

function isGiven(port: HostPort, given: readonly HostPort[]): boolean {
  return given.some((other) => {
    const meet = [other.hostAddress, port.hostAddress].includes('0.0.0.0')
    const sameAddress = meet || other.hostAddress === port.hostAddress
    return sameAddress && other.protocol === port.protocol && other.hostPort === port.hostPort
  })
}

/** A port that the kernel has free there; with so many to choose from, one that is given comes up rarely. */
async function freePort(port: HostPort, given: readonly HostPort[]): Promise<number> {
  for (;;) {
    const hostPort = await bindOnce(port.protocol, port.hostAddress, 0)
    if (!isGiven({ ...port, hostPort }, given)) return hostPort
  }
}
