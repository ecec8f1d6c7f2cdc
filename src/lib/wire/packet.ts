import { checksum, pseudoHeader } from './checksum.ts'
import { etherType, high, payloadOf, sourceOffset } from './ethernet.ts'

export const protocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** An IPv4 packet that is whole; fragments are not taken. Source: RFC 791. */
export interface Ipv4Packet {
  /** MAC of the sender. */
  mac: Uint8Array
  source: number
  target: number
  protocol: number
  payload: Buffer
}

/** Null for anything but an untagged, whole IPv4 packet. */
export function parseIpv4Packet(frame: Buffer): Ipv4Packet | null {
  const found = payloadOf(frame, 0, frame.length)
  if (found === null || found.type !== etherType.ipv4 || found.at !== 14 || frame.length < 34) return null
  const header = ((frame[14] ?? 0) & 15) * 4
  const length = high(frame, 16)
  const fragment = high(frame, 20) & 0x3fff
  if ((frame[14] ?? 0) >> 4 !== 4 || header < 20 || length < header || fragment !== 0) return null
  if (14 + length > frame.length) return null
  return {
    mac: frame.subarray(sourceOffset, sourceOffset + 6),
    source: frame.readUInt32BE(26),
    target: frame.readUInt32BE(30),
    protocol: frame[23] ?? 0,
    payload: frame.subarray(14 + header, 14 + length),
  }
}

export interface Addressed<Address> {
  fromMac: Uint8Array
  toMac: Uint8Array
  from: Address
  to: Address
}

/** A frame with an IPv4 packet. */
export function ipv4Frame(where: Addressed<number>, protocolNumber: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(34 + payload.length)
  ethernetHeader(frame, where, etherType.ipv4)
  frame[14] = 0x45
  frame.writeUInt16BE(20 + payload.length, 16)
  frame.writeUInt16BE(0x4000, 20)
  frame[22] = 64
  frame[23] = protocolNumber
  frame.writeUInt32BE(where.from, 26)
  frame.writeUInt32BE(where.to, 30)
  frame.writeUInt16BE(checksum(frame.subarray(14, 34)), 24)
  frame.set(payload, 34)
  return frame
}

/** A frame with an IPv6 packet (RFC 8200, 3). Hop limit 255, as neighbour discovery asks for. */
export function ipv6Frame(where: Addressed<Uint8Array>, next: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(54 + payload.length)
  ethernetHeader(frame, where, etherType.ipv6)
  frame[14] = 0x60
  frame.writeUInt16BE(payload.length, 18)
  frame[20] = next
  frame[21] = 255
  frame.set(where.from, 22)
  frame.set(where.to, 38)
  frame.set(payload, 54)
  return frame
}

export function ethernetHeader(
  frame: Buffer,
  { fromMac, toMac }: { fromMac: Uint8Array; toMac: Uint8Array },
  type: number,
): void {
  frame.set(toMac, 0)
  frame.set(fromMac, sourceOffset)
  frame.writeUInt16BE(type, 12)
}

/** A UDP datagram, with its checksum over these addresses (RFC 768). */
export function udpDatagram(
  ports: { from: number; to: number },
  addresses: Uint8Array,
  data: Uint8Array,
): Buffer {
  const datagram = Buffer.alloc(8 + data.length)
  datagram.writeUInt16BE(ports.from, 0)
  datagram.writeUInt16BE(ports.to, 2)
  datagram.writeUInt16BE(datagram.length, 4)
  datagram.set(data, 8)
  const sum = checksum(datagram, pseudoHeader(addresses, protocol.udp, datagram.length))
  datagram.writeUInt16BE(sum === 0 ? 0xffff : sum, 6)
  return datagram
}

/** Ports and data of a UDP datagram; null where it is cut short. */
export function parseUdp(payload: Buffer): { from: number; to: number; data: Buffer } | null {
  if (payload.length < 8) return null
  const length = payload.readUInt16BE(4)
  if (length < 8 || length > payload.length) return null
  return { from: payload.readUInt16BE(0), to: payload.readUInt16BE(2), data: payload.subarray(8, length) }
}

/** Two IPv4 addresses as the eight bytes of a pseudo-header. */
export function ipv4Addresses(from: number, to: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(from, 0)
  bytes.writeUInt32BE(to, 4)
  return bytes
}
