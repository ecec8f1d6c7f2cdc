import { contains, parseIpv4, parseIpv6, parseSubnet, type Subnet } from '../../lib/net/ip.ts'
import { hostName, userNetwork } from '../../lib/net/user-network.ts'
import type { NetworkConfig, NetworkDefinition } from '../config.ts'

/** What a name leads to, as seen by one machine. */
export type Found =
  | { kind: 'addresses'; ipv4: number[]; ipv6: Uint8Array[] }
  | { kind: 'name'; name: string }
  /** A name of the project's that no machine has. */
  | { kind: 'absent' }
  /** Not the project's to know. */
  | { kind: 'elsewhere' }

const host: Found = { kind: 'addresses', ipv4: [parseIpv4(userNetwork.gateway) ?? 0], ipv6: [] }
const absent: Found = { kind: 'absent' }
const elsewhere: Found = { kind: 'elsewhere' }

/** The last label of a project's domain, which no one has on the Internet. */
const topDomain = 'internal'

export function domainOf(project: string): string {
  return `${project}.${topDomain}`
}

/**
 * The project's names. A machine sees those with which it shares a network, each by its addresses there,
 * those of the network that it asks on first.
 */
export class Names {
  readonly #config: NetworkConfig
  readonly #subnets: readonly Subnet[]
  readonly #prefixes: readonly Uint8Array[]

  constructor(config: NetworkConfig) {
    this.#config = config
    this.#subnets = config.networks.flatMap(({ subnet }) => parseSubnet(subnet) ?? [])
    this.#prefixes = config.networks.flatMap(
      ({ ipv6 }) => parseIpv6(ipv6.split('/')[0] ?? '')?.subarray(0, 8) ?? [],
    )
  }

  /** @param name in lower case, without a dot at its end */
  find(asker: string, network: string, name: string): Found {
    const reverse = addressIn(name)
    if (reverse !== null) return this.#nameOf(asker, reverse)
    if (name === hostName && this.#config.hostAccess?.includes(asker)) return host
    const domain = domainOf(this.#config.project)
    if (name === domain) return { kind: 'addresses', ipv4: [], ipv6: [] }
    const machine = name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : name
    // A name without dots leads nowhere outside either, and says much about the guest.
    if (machine.includes('.')) return name.endsWith(`.${domain}`) ? absent : elsewhere
    const members = this.#shared(asker, network).flatMap((each) =>
      each.members.filter((member) => member.machine === machine),
    )
    if (members.length === 0) return absent
    return {
      kind: 'addresses',
      ipv4: members.flatMap(({ ipv4 }) => parseIpv4(ipv4) ?? []),
      ipv6: members.flatMap(({ ipv6 }) => parseIpv6(ipv6) ?? []),
    }
  }

  /** Whether every network of the machine is isolated: it then asks for nothing outside. */
  isIsolated(machine: string): boolean {
    return this.#networksOf(machine).every(({ isolated }) => isolated)
  }

  #networksOf(machine: string): NetworkDefinition[] {
    return this.#config.networks.filter(({ members }) => members.some((member) => member.machine === machine))
  }

  #shared(asker: string, network: string): NetworkDefinition[] {
    const all = this.#networksOf(asker)
    return [...all.filter(({ name }) => name === network), ...all.filter(({ name }) => name !== network)]
  }

  #nameOf(asker: string, address: number | Uint8Array): Found {
    const isOurs =
      typeof address === 'number'
        ? this.#subnets.some((subnet) => contains(subnet, address))
        : this.#prefixes.some((prefix) => prefix.every((byte, index) => byte === address[index]))
    if (!isOurs) return elsewhere
    for (const { members } of this.#networksOf(asker)) {
      const member = members.find(({ ipv4, ipv6 }) =>
        typeof address === 'number' ? parseIpv4(ipv4) === address : sameAddress(parseIpv6(ipv6), address),
      )
      if (member !== undefined)
        return { kind: 'name', name: `${member.machine}.${domainOf(this.#config.project)}` }
    }
    return absent
  }
}

function sameAddress(a: Uint8Array | null, b: Uint8Array): boolean {
  return a?.every((byte, index) => byte === b[index]) === true
}

/** The address in `10.0.40.10.in-addr.arpa` or the like (RFC 1035, 3.5; RFC 3596, 2.5). */
function addressIn(name: string): number | Uint8Array | null {
  const [, four] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name) ?? []
  if (four !== undefined) return parseIpv4(four.split('.').slice(0, 4).reverse().join('.'))
  const [, six] = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name) ?? []
  if (six === undefined) return null
  return Uint8Array.from(Buffer.from(six.replaceAll('.', '').split('').reverse().join(''), 'hex'))
}
