import { createHash } from 'node:crypto'
import {
  formatIpv4,
  formatIpv6,
  overlap,
  parseIpv4,
  parseIpv6,
  parseSubnet,
  type Subnet,
  sizeOf,
} from '../lib/net/ip.ts'
import type { Attachment } from './model.ts'

/** What the manifest says of a network's addresses; what it does not say is null. */
export interface WrittenNetwork {
  name: string
  subnet: string | null
  ipv6: string | null
}

export interface WrittenMember {
  machine: string
  address: string | null
  mac: string | null
}

/** Addresses that no one has: the first, the services' own, and the last. */
export const addressesOfNobody = 3

/** The network behind the first NIC, which is the same for every machine. */
export const outsideNetwork: Subnet = { base: (10 << 24) + (2 << 8), prefix: 24 }

/**
 * The networks' own addresses: as written, or made from the names of project and network, so that they
 * are the same for everybody who has the manifest. Of two that meet the later one moves on.
 */
export function placeNetworks<N extends WrittenNetwork>(
  project: string,
  networks: readonly N[],
): (N & { subnet: string; ipv6: string })[] {
  const taken = networks.flatMap(({ subnet }) => (subnet === null ? [] : (parseSubnet(subnet) ?? [])))
  return networks.map((network) => {
    const subnet = network.subnet ?? formatFree(`${project}/${network.name}`, taken)
    return { ...network, subnet, ipv6: network.ipv6 ?? uniqueLocal(`${project}/${network.name}`) }
  })
}

/** One of the networks 10.64.0.0/24 to 10.127.255.0/24. */
function formatFree(key: string, taken: Subnet[]): string {
  const first = hash(key).readUInt16BE(0) % 16384
  for (let step = 0; ; step++) {
    const number = (first + step) % 16384
    const subnet = { base: (10 * 2 ** 24 + (64 * 256 + number) * 256) >>> 0, prefix: 24 }
    if (taken.some((other) => overlap(other, subnet))) continue
    taken.push(subnet)
    return `${formatIpv4(subnet.base)}/24`
  }
}

/** RFC 4193, 3.2.1: 40 bits that no one else has, here from names, and 16 for the network. */
function uniqueLocal(key: string): string {
  const bytes = new Uint8Array(16)
  bytes[0] = 0xfd
  bytes.set(hash(key).subarray(2, 9), 1)
  return `${formatIpv6(bytes)}/64`
}

/**
 * The addresses of a network's machines. A machine's IPv4 address is the one that is written, or follows
 * from its name, so that a new machine changes no other's; its IPv6 address follows from its MAC address.
 */
export function placeMembers(
  project: string,
  network: { name: string; subnet: string; ipv6: string },
  members: readonly WrittenMember[],
): Map<string, Attachment> {
  const subnet = parseSubnet(network.subnet) ?? outsideNetwork
  const taken = new Set(
    members.flatMap(({ address }) => (address === null ? [] : (parseIpv4(address) ?? []))),
  )
  const usable = sizeOf(subnet) - addressesOfNobody
  const free = (key: string) => {
    const first = hash(key).readUInt32BE(0) % usable
    for (let step = 0; step < usable; step++) {
      const address = subnet.base + 2 + ((first + step) % usable)
      if (taken.has(address)) continue
      taken.add(address)
      return formatIpv4(address)
    }
    throw new Error(`network ${network.name} has no address left`)
  }
  const placed = members.map(({ machine, address, mac }): [string, Attachment] => {
    const key = `${project}/${network.name}/${machine}`
    const itsMac = mac ?? macFrom(key)
    const ipv4 = address ?? free(key)
    return [machine, { network: network.name, ipv4, ipv6: ipv6From(network.ipv6, itsMac), mac: itsMac }]
  })
  return new Map(placed)
}

/** 52:54:00 is the prefix that QEMU uses: locally administered, unicast. */
function macFrom(key: string): string {
  const tail = hash(key).subarray(4, 7).toString('hex')
  return `52:54:00:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`
}

/** The address that a machine makes for itself: RFC 4291, appendix A. */
function ipv6From(prefix: string, mac: string): string {
  const bytes = parseIpv6(prefix.split('/')[0] ?? '') ?? new Uint8Array(16)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((pair) => Number.parseInt(pair, 16))
  bytes.set([a ^ 2, b, c, 0xff, 0xfe, d, e, f], 8)
  return formatIpv6(bytes)
}

function hash(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
