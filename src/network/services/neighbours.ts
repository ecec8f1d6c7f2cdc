import { checksum, pseudoHeader } from '../../lib/wire/checksum.ts'
import { etherType, high, payloadOf } from '../../lib/wire/ethernet.ts'
import { type Addressed, ethernetHeader, ipv6Frame, protocol } from '../../lib/wire/packet.ts'

/** Who the services are on their network. */
export interface Host {
  mac: Uint8Array
  ipv4: number
  /** In the network's prefix. */
  ipv6: Uint8Array
  prefix: Uint8Array
}

/** The services' address on the link itself: routers and servers are found there. */
export const linkLocal = Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const allNodes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)
const type = {
  echo: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
}
const forever = 0xffffffff

/** Answers ARP requests for the services' address (RFC 826); null for all else. */
export function answerArp(frame: Buffer, host: Host): Buffer | null {
  if (frame.length < 42 || high(frame, 12) !== etherType.arp) return null
  const isRequest = frame.readUInt16BE(20) === 1 && frame.readUInt32BE(38) === host.ipv4
  if (!isRequest) return null
  const reply = Buffer.alloc(42)
  ethernetHeader(reply, { fromMac: host.mac, toMac: frame.subarray(22, 28) }, etherType.arp)
  reply.set([0, 1, 8, 0, 6, 4, 0, 2], 14)
  reply.set(host.mac, 22)
  reply.writeUInt32BE(host.ipv4, 28)
  reply.set(frame.subarray(22, 32), 32)
  return reply
}

/** Answers neighbour and router solicitations (RFC 4861) and echo requests (RFC 4443); null for all else. */
export function answerIcmpv6(frame: Buffer, host: Host): Buffer | null {
  const found = payloadOf(frame, 0, frame.length)
  if (found === null || found.type !== etherType.ipv6 || found.at !== 14 || frame.length < 62) return null
  const length = frame.readUInt16BE(18)
  if (frame[20] !== protocol.icmpv6 || 54 + length > frame.length || length < 8) return null
  const from = frame.subarray(22, 38)
  const to = frame.subarray(38, 54)
  const message = frame.subarray(54, 54 + length)
  if (checksum(message, pseudoHeader(frame.subarray(22, 54), protocol.icmpv6, length)) !== 0) return null
  const back = { fromMac: host.mac, toMac: frame.subarray(6, 12), to: from }
  if (message[0] === type.routerSolicitation) return routerAdvertisement(host)
  if (message[0] === type.echo && isOurs(to, host)) {
    const reply = Buffer.from(message)
    reply[0] = type.echoReply
    return icmpv6({ ...back, from: to }, reply)
  }
  if (message[0] !== type.solicitation || length < 24 || frame[21] !== 255) return null
  const target = message.subarray(8, 24)
  // Whoever looks whether an address is free (RFC 4862, 5.4) has none yet: that one is told by all.
  const isProbe = from.every((byte) => byte === 0)
  if (!isOurs(target, host)) return null
  const reply = Buffer.alloc(32)
  reply[0] = type.advertisement
  reply[4] = isProbe ? 0x20 : 0x60
  reply.set(target, 8)
  reply.set([2, 1], 24)
  reply.set(host.mac, 26)
  const where = isProbe ? { fromMac: host.mac, toMac: allNodesMac, to: allNodes } : back
  return icmpv6({ ...where, from: target }, reply)
}

/**
 * Tells the network's prefix, from which machines make their addresses (RFC 4862), and that there is no
 * way out here (a router's lifetime of 0).
 */
export function routerAdvertisement({ mac, prefix }: Host): Buffer {
  const message = Buffer.alloc(56)
  message[0] = type.routerAdvertisement
  message[4] = 64
  // The sender's MAC address (RFC 4861, 4.6.1).
  message.set([1, 1], 16)
  message.set(mac, 18)
  // The prefix: on this link, to make addresses from (4.6.2).
  message.set([3, 4, 64, 0xc0], 24)
  message.writeUInt32BE(forever, 28)
  message.writeUInt32BE(forever, 32)
  message.set(prefix, 40)
  return icmpv6({ fromMac: mac, toMac: allNodesMac, from: linkLocal, to: allNodes }, message)
}

function icmpv6(where: Addressed<Uint8Array>, message: Buffer): Buffer {
  message.writeUInt16BE(0, 2)
  const addresses = Buffer.concat([where.from, where.to])
  const sum = checksum(message, pseudoHeader(addresses, protocol.icmpv6, message.length))
  message.writeUInt16BE(sum, 2)
  return ipv6Frame(where, protocol.icmpv6, message)
}

function isOurs(address: Uint8Array, host: Host): boolean {
  return [host.ipv6, linkLocal].some((own) => own.every((byte, index) => byte === address[index]))
}
