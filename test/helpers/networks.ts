import type { Member, NetworkConfig, NetworkDefinition } from '../../src/network/config.ts'

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
