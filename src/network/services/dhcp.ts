import { maskOf, type Subnet, sizeOf } from '../../lib/net/ip.ts'
import { encodeName } from '../../lib/wire/dns-name.ts'
import { macNumber } from '../../lib/wire/ethernet.ts'
import { type DhcpRequest, encodeDhcp, messageType, option, parseDhcp } from './dhcp-packet.ts'

/** What a machine is given: the network's facts, and its own by its MAC address. */
export interface Reservations {
  subnet: Subnet
  /** The server, which also answers DNS. */
  server: number
  /** `shop.internal`. */
  domain: string
  /** Machines by macNumber of their MAC address. */
  machines: ReadonlyMap<number, { name: string; ipv4: number }>
}

/** Seconds. Addresses never change while a machine runs. */
const leaseTime = 86_400

/**
 * What to answer to a DHCP message: data for the client's port, and whether it can take it only as a
 * broadcast; null for nothing. Every address is reserved; whoever is not known gets none, so nothing can
 * run out. No router is offered: the way out is another NIC's. Source: RFC 2131, 4.3.
 */
export function answerDhcp(
  data: Buffer,
  net: Reservations,
): { data: Buffer; to: number; broadcast: boolean } | null {
  const request = parseDhcp(data)
  if (request === null) return null
  const machine = net.machines.get(macNumber(request.mac, 0))
  if (machine === undefined) return null
  const broadcast = request.flags >= 0x8000
  const say = (type: number, yours: number, withLease: boolean) => ({
    data: encodeDhcp(request, { type, yours, options: facts(net, machine.name, withLease) }),
    to: machine.ipv4,
    broadcast,
  })
  if (request.type === messageType.discover) return say(messageType.offer, machine.ipv4, true)
  if (request.type === messageType.inform) return say(messageType.ack, 0, false)
  if (request.type !== messageType.request) return null
  if (request.server !== null && request.server !== net.server) return null
  const wanted = request.requested ?? request.clientAddress
  if (wanted === machine.ipv4) return say(messageType.ack, machine.ipv4, true)
  return { ...refusal(request, net), broadcast: true }
}

/** The client starts again, and is then offered what it may have. */
function refusal(request: DhcpRequest, { server }: Reservations): { data: Buffer; to: number } {
  const options = [[option.serverId, number(server)]] as const
  return { data: encodeDhcp(request, { type: messageType.nak, yours: 0, options }), to: 0xffffffff }
}

function facts(net: Reservations, name: string, withLease: boolean): (readonly [number, Uint8Array])[] {
  const { subnet, server, domain } = net
  return [
    [option.serverId, number(server)],
    ...(withLease ? [[option.leaseTime, number(leaseTime)] as const] : []),
    [option.subnetMask, number(maskOf(subnet.prefix))],
    [option.broadcast, number(subnet.base + sizeOf(subnet) - 1)],
    [option.dns, number(server)],
    [option.hostName, Buffer.from(name)],
    [option.domainName, Buffer.from(domain)],
    [option.domainSearch, encodeName(domain)],
  ]
}

function number(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}
