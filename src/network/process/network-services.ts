import { parseIpv4, parseIpv6, parseSubnet } from '../../lib/net/ip.ts'
import { macNumber, parseMac } from '../../lib/wire/ethernet.ts'
import type { NetworkDefinition } from '../config.ts'
import type { Resolver } from '../services/dns.ts'
import { domainOf } from '../services/names.ts'
import type { Host } from '../services/neighbours.ts'
import { Services, servicesMac } from '../services/services.ts'

/** Who the services of a network are there: they have its first address. */
export function hostOf({ subnet, ipv6 }: NetworkDefinition): Host {
  const prefix = (parseIpv6(ipv6.split('/')[0] ?? '') ?? new Uint8Array(16)).subarray(0, 8)
  const ipv4 = (parseSubnet(subnet)?.base ?? 0) + 1
  return { mac: servicesMac, ipv4, ipv6: Uint8Array.of(...prefix, 0, 0, 0, 0, 0, 0, 0, 1), prefix }
}

/** The services that a network has for its machines. */
export function servicesOf(
  definition: NetworkDefinition,
  { project, resolver }: { project: string; resolver: Resolver },
): Services {
  const host = hostOf(definition)
  const machines = definition.members.map(({ machine, mac, ipv4 }) => {
    const address = { name: machine, ipv4: parseIpv4(ipv4) ?? 0 }
    return [macNumber(parseMac(mac) ?? servicesMac, 0), address] as const
  })
  const subnet = parseSubnet(definition.subnet) ?? { base: 0, prefix: 32 }
  return new Services({
    network: definition.name,
    host,
    reservations: { subnet, server: host.ipv4, domain: domainOf(project), machines: new Map(machines) },
    resolver,
  })
}
