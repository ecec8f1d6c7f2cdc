import { contains, parseIpv4, parseIpv6, parseSubnet } from '../../lib/net/ip.ts'
import { domainOf, type NetworkConfig, type NetworkDefinition } from '../../network/index.ts'

/** How a host is reached: from inside a machine, the first of these that runs. */
export interface Route {
  machines: string[]
  /** As the machine reaches it. */
  host: string
}

/**
 * The way to a name or an address of the project: to a machine from inside itself, to an address of a
 * network that no machine is known by from any machine on it. Null for all other
 * hosts: no name is looked up. Pure.
 */
export function routeTo(config: NetworkConfig, machines: readonly string[], host: string): Route | null {
  const ipv4 = parseIpv4(host)
  if (ipv4 !== null)
    return toAddress(config.networks, host, {
      isIts: ({ subnet }) => isIn(subnet, ipv4),
      hasIt: (member) => parseIpv4(member.ipv4) === ipv4,
    })
  const ipv6 = parseIpv6(host)
  if (ipv6 !== null)
    return toAddress(config.networks, host, {
      isIts: (network) => sameBytes(parseIpv6(network.ipv6.split('/')[0] ?? '')?.subarray(0, 8), ipv6),
      hasIt: (member) => sameBytes(parseIpv6(member.ipv6) ?? undefined, ipv6),
    })
  return toName(config, machines, host)
}

/** Whose an address is. */
interface Owning {
  isIts: (network: NetworkDefinition) => boolean
  hasIt: (member: NetworkDefinition['members'][number]) => boolean
}

function toAddress(
  networks: readonly NetworkDefinition[],
  host: string,
  { isIts, hasIt }: Owning,
): Route | null {
  const network = networks.find(isIts)
  if (network === undefined) return null
  const owner = network.members.find(hasIt)
  return { machines: (owner === undefined ? network.members : [owner]).map(({ machine }) => machine), host }
}

/** A machine on no network is reached on its loopback. */
function toName(
  { project, networks }: NetworkConfig,
  machines: readonly string[],
  host: string,
): Route | null {
  const name = host.toLowerCase().replace(/\.$/, '')
  const domain = `.${domainOf(project)}`
  const machine = name.endsWith(domain) ? name.slice(0, -domain.length) : name
  if (!machines.includes(machine)) return null
  const [place] = networks.flatMap(({ members }) => members.filter((member) => member.machine === machine))
  return { machines: [machine], host: place?.ipv4 ?? 'localhost' }
}

function isIn(subnet: string, address: number): boolean {
  const parsed = parseSubnet(subnet)
  return parsed !== null && contains(parsed, address)
}

/** Whether an address begins with these bytes. */
function sameBytes(wanted: Uint8Array | undefined, address: Uint8Array): boolean {
  return wanted?.every((byte, index) => byte === address[index]) === true
}
