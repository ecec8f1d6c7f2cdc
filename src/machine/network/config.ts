import { PosadaError } from '../../errors/index.ts'
import type { Conditions } from '../../lib/values/link-conditions.ts'
import type { Attachment, Machine, Manifest, Network } from '../../manifest/index.ts'
import type { Member, NetworkConfig, NetworkDefinition } from '../../network/index.ts'
import {
  machineId,
  machinesOnDisk,
  nicSocket,
  type RecordedAttachment,
  readState,
  runtimeDir,
  unlessDamaged,
} from '../../project/index.ts'
import { isSameNetworks } from '../facts/same-networks.ts'
import { isRunning } from '../observed/is-running.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { type Changes, readChanges } from './changes-file.ts'

/** The machine's NICs on private networks, with the sockets at which they listen while it runs. Pure. */
export function attachmentsOf(networks: readonly Attachment[], runtimeFolder: string): RecordedAttachment[] {
  return networks.map((attachment, index) => ({
    ...attachment,
    socket: nicSocket(runtimeFolder, index),
  }))
}

/**
 * What the network process is to work by: the manifest's networks and machines, conditions as they were
 * changed since, and machines that still run with other addresses as they were started.
 *
 * @throws PosadaError E_ADDRESS_CLASH where such a machine has an address that is now another's
 */
export async function networkConfig(
  project: Declared & Places & Providing,
  projectId: string,
): Promise<NetworkConfig> {
  const { manifest, paths } = project
  const running = await runningDifferently(project, projectId)
  const changes = await readChanges(paths.networks.changes)
  const members = (network: string): Member[] => {
    const planned = manifest.machines.flatMap(({ name, networks }) => {
      if (running.has(name)) return []
      return attachmentsOf(networks, folderOf(project, projectId, name)).map((each) => memberOf(name, each))
    })
    const recorded = [...running].flatMap(([name, networks]) => networks.map((each) => memberOf(name, each)))
    const here = [...recorded, ...planned].filter((each) => each.network === network)
    refuseClash(here, running)
    return here.map(({ network: _, ...member }) => member)
  }
  return {
    version: 1,
    project: manifest.name,
    networks: manifest.networks.map((network) => definitionOf(network, members(network.name), changes)),
    hostAccess: manifest.machines.filter(({ hostAccess }) => hostAccess.length > 0).map(({ name }) => name),
  }
}

function memberOf(machine: string, { network, mac, ipv4, ipv6, socket }: RecordedAttachment) {
  return { network, machine, mac, ipv4, ipv6, socket }
}

/** The network of the manifest, with what was changed since over it. */
function definitionOf(network: Network, members: Member[], changes: Changes): NetworkDefinition {
  const changed = changes.networks[network.name]
  const pairs: { between: [string, string]; conditions: Conditions }[] = [
    ...network.links,
    ...(changed?.pairs ?? []),
  ]
  return {
    name: network.name,
    subnet: network.subnet,
    ipv6: network.ipv6,
    isolated: network.isolated,
    guarded: network.guard,
    seed: network.seed,
    conditions: { ...network.conditions, ...changed?.conditions },
    pairs,
    members,
  }
}

/** Machines that run, and were started with other networks than the manifest now gives them, or with other sockets. */
async function runningDifferently(
  project: Declared & Places & Providing,
  projectId: string,
): Promise<Map<string, RecordedAttachment[]>> {
  const found = new Map<string, RecordedAttachment[]>()
  for (const name of await machinesOnDisk(project.paths)) {
    // How a damaged one was started is unknown: it is taken to be as the manifest says.
    const state = await unlessDamaged(readState(project.paths.machine(name)))
    const wanted = project.manifest.machines.find((machine) => machine.name === name)?.networks ?? []
    const recorded = state?.networks ?? []
    const hasSockets = attachmentsOf(wanted, folderOf(project, projectId, name)).every(
      ({ socket }, index) => socket === recorded[index]?.socket,
    )
    if (state === null || (hasSockets && isSameNetworks(recorded, wanted))) continue
    if (await isRunning(project, state)) found.set(name, recorded)
  }
  return found
}

/** Where a machine's sockets are to be when it is started now. */
function folderOf(project: Places, projectId: string, machine: string): string {
  return runtimeDir(project.user.runtime, machineId(projectId, machine))
}

function refuseClash(
  members: readonly (Member & { network: string })[],
  running: ReadonlyMap<string, unknown>,
): void {
  for (const [index, member] of members.entries()) {
    const other = members.slice(0, index).find(({ ipv4, mac }) => ipv4 === member.ipv4 || mac === member.mac)
    if (other === undefined) continue
    const [old, young] = running.has(other.machine) ? [other, member] : [member, other]
    throw new PosadaError(
      'E_ADDRESS_CLASH',
      `${young.machine} should get ${young.ipv4}, but ${old.machine} is still running with it`,
      {
        value: young.ipv4,
        machine: young.machine,
        hint: `posada reload ${old.machine} gives it its new address first`,
      },
    )
  }
}

/** Whether a machine is to reach nothing outside the project: all networks that it is on are isolated. */
export function isIsolated({ networks }: Manifest, machine: Machine): boolean {
  const its = networks.filter(({ name }) => machine.networks.some(({ network }) => network === name))
  return its.length > 0 && its.every(({ isolated }) => isolated)
}

/** Whether any machine of the manifest is on a network. */
export function hasNetworks(manifest: Manifest): boolean {
  return manifest.machines.some(({ networks }) => networks.length > 0)
}
