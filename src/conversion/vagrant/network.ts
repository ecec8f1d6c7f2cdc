import { contains, formatIpv4, maskOf, parseIpv4, parseSubnet } from '../../lib/net/ip.ts'
import { portValue } from '../ports.ts'
import type { Settings, Surroundings } from './settings.ts'
import { asGiven, asText, hashOf, type MadeCall, type Value } from './value.ts'

/** `config.vm.network`; a text says why it is not carried over. Source: developer.hashicorp.com, "Networking". */
export function readNetwork(
  { args, line }: MadeCall,
  settings: Settings,
  around: Surroundings,
): string | undefined {
  const [kind, options] = [asText(args[0]), hashOf(args.at(-1)) ?? new Map<string, Value>()]
  switch (kind) {
    case 'forwarded_port':
      return forwardedPort(options, settings)
    case 'private_network':
      return privateNetwork(options, settings, { network: around.network, line })
    case 'public_network':
      return 'a machine cannot join the network of the host; use ports'
    default:
      return 'there is no such network'
  }
}

type Options = ReadonlyMap<string, Value>

function forwardedPort(options: Options, { machine }: Settings): string | undefined {
  if (asText(options.get('id')) === 'ssh') return 'posada ssh needs no port'
  if (options.get('disabled') === true) return undefined
  const [guest, host] = ['guest', 'host'].map((key) => portValue(asGiven(options.get(key)) ?? []))
  if (guest === undefined || host === undefined) return 'its ports are not known without running it'
  const address = asText(options.get('host_ip'))
  const isAddress = address !== undefined && parseIpv4(address) !== null && address !== '127.0.0.1'
  machine.ports.push({
    host,
    guest,
    ...(asText(options.get('protocol')) === 'udp' && { protocol: 'udp' }),
    ...(isAddress && { address }),
    ...(options.get('auto_correct') === true && { auto: true }),
  })
  if (address !== undefined && parseIpv4(address) === null && !['', 'localhost'].includes(address))
    return 'the port is carried over, and listens on 127.0.0.1: other addresses are IPv4 ones'
  return options.has('guest_ip') ? 'the port is carried over, without guest_ip' : undefined
}

/** The network behind every machine's first NIC. */
const outside = { base: (10 << 24) + (2 << 8), prefix: 24 }

function privateNetwork(
  options: Options,
  { machine }: Settings,
  { network, line }: Pick<Surroundings, 'network'> & { line: number },
): string | undefined {
  const called = ['virtualbox__intnet', 'libvirt__network_name', 'name'].map((key) =>
    asText(options.get(key)),
  )
  const name = called.find((one) => one !== undefined && one !== 'true')
  const attach = (wanted: Parameters<typeof network>[0], address?: string) => {
    const found = network(wanted)
    if (found === undefined) return 'there are more networks than a manifest may have'
    if (machine.networks.some((each) => each.name === found)) return 'a machine has one address in a network'
    machine.networks.push({ name: found, line, ...(address !== undefined && { address }) })
    return undefined
  }
  if (!options.has('ip')) return attach(name === undefined ? { name: 'private' } : { name })
  const address = asText(options.get('ip'))
  const number = address === undefined ? null : parseIpv4(address)
  if (address === undefined || number === null)
    return 'its value is not an IPv4 address, or not known without running it'
  const prefix = prefixOf(asText(options.get('netmask')) ?? '255.255.255.0')
  if (prefix === undefined) return 'its netmask is not valid for a network'
  const base = (number & maskOf(prefix)) >>> 0
  const subnet = `${formatIpv4(base)}/${prefix}`
  if (contains(outside, number) || parseSubnet(subnet) === null)
    return 'machines reach the outside through these addresses'
  const wanted = { subnet, ...(name !== undefined && { name }) }
  const isFree = number > base + 1 && number < base + 2 ** (32 - prefix) - 1
  if (isFree) return attach(wanted, address)
  return attach(wanted) ?? 'the machine has another address: the network keeps this one for itself'
}

/** `255.255.255.0`, or the length of it. */
function prefixOf(netmask: string): number | undefined {
  const mask = parseIpv4(netmask)
  const length = mask === null ? Number(netmask) : [...mask.toString(2)].filter((bit) => bit === '1').length
  if (!Number.isInteger(length) || length < 8 || length > 29) return undefined
  return mask === null || maskOf(length) === mask ? length : undefined
}
