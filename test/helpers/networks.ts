import { join } from 'node:path'
import type { Member, NetworkConfig, NetworkDefinition } from '../../src/network/config.ts'
import { Nic } from './nic.ts'

/** A machine with the MAC …:0<n>, 10.40.<net>.<n>; its socket is nowhere. */
export function exampleMember(machine: string, n: number, net = 0): Member {
  const hex = n.toString(16).padStart(2, '0')
  return {
    machine,
    mac: `52:54:00:00:00:${hex}`,
    ipv4: `10.40.${net}.${n}`,
    ipv6: `fd00:1:2:${3 + net}:5054:ff:fe00:${n.toString(16)}`,
    socket: `/nowhere/${machine}`,
  }
}

export function exampleNetwork(changes: Partial<NetworkDefinition> = {}): NetworkDefinition {
  return {
    name: 'back',
    subnet: '10.40.0.0/24',
    ipv6: 'fd00:1:2:3::/64',
    isolated: false,
    guarded: true,
    seed: 1,
    conditions: {},
    pairs: [],
    members: [exampleMember('web', 2), exampleMember('db', 3)],
    ...changes,
  }
}

/** Machines web and db on `back`, `lonely` on the isolated `side`. */
export function exampleNetworks(): NetworkConfig {
  const side = exampleNetwork({
    name: 'side',
    subnet: '10.40.1.0/24',
    ipv6: 'fd00:1:2:4::/64',
    isolated: true,
    members: [exampleMember('lonely', 2, 1)],
  })
  return { version: 1, project: 'shop', networks: [exampleNetwork(), side] }
}

/** Machines with the numbers 2, 3, … and their NICs, which listen in the folder. */
export async function membersWithNics<const T extends readonly string[]>(
  folder: string,
  names: T,
): Promise<{ members: Member[]; nics: { [K in keyof T]: Nic } }> {
  const members = names.map((name, index) => ({
    ...exampleMember(name, index + 2),
    socket: join(folder, name),
  }))
  const nics = await Promise.all(members.map(({ socket }) => Nic.listen(socket)))
  return { members, nics: nics as { [K in keyof T]: Nic } }
}
