import { parseSubnet, sizeOf } from '../lib/net/ip.ts'
import { addressesOfNobody, placeMembers } from './addressing.ts'
import type { Attachment, Machine, Manifest, Network } from './model.ts'

/** A machine that was made as a copy of another one and stands in no manifest. */
export interface CopiedMachine {
  name: string
  of: string
}

/**
 * The manifest with machines that were made as copies of its own: each is what its original is, by a name of its own, with
 * free addresses, and ports that are moved. Those whose original is gone are left out, and those that find no address.
 * Pure.
 */
export function withCopies(manifest: Manifest, copies: readonly CopiedMachine[]): Manifest {
  const machines = [...manifest.machines]
  for (const { name, of } of copies) {
    const original = machines.find((machine) => machine.name === of)
    const copy = original === undefined ? null : copyOf({ ...manifest, machines }, original, name)
    if (copy !== null) machines.push(copy)
  }
  return { ...manifest, machines }
}

function copyOf(manifest: Manifest, original: Machine, name: string): Machine | null {
  const networks: Attachment[] = []
  for (const { network: its } of original.networks) {
    const network = manifest.networks.find((each) => each.name === its)
    const attachment = network === undefined ? null : freePlace(manifest, network, name)
    if (attachment === null) return null
    networks.push(attachment)
  }
  return { ...withMovedPorts(original), name, group: name, networks }
}

/** A machine that leaves the ports of the host to another one: it takes others. Pure. */
export function withMovedPorts(machine: Machine): Machine {
  return { ...machine, ports: machine.ports.map((port) => ({ ...port, hostPort: 0, auto: true })) }
}

/** Null: all its addresses are taken. */
function freePlace({ name: project, machines }: Manifest, network: Network, name: string): Attachment | null {
  const members = machines.flatMap((machine) =>
    machine.networks
      .filter((each) => each.network === network.name)
      .map(({ ipv4, mac }) => ({ machine: machine.name, address: ipv4, mac })),
  )
  const subnet = parseSubnet(network.subnet)
  if (subnet === null || members.length >= sizeOf(subnet) - addressesOfNobody) return null
  const placed = placeMembers(project, network, [...members, { machine: name, address: null, mac: null }])
  return placed.get(name) ?? null
}
