import { checksum, pseudoHeader } from './checksum.ts'
import { protocol } from './packet.ts'

/** RFC 9293, 3.1. */
export const flag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const

/** A TCP segment. Source: RFC 9293, 3.1. */
export interface TcpSegment {
  from: number
  to: number
  sequence: number
  acknowledgement: number
  /** A sum of `flag`s. */
  flags: number
  /** Bytes that the sender takes, unscaled. */
  window: number
  data: Uint8Array
}

const headerBytes = 20

/** Null where it is cut short. Options are passed over: none that changes what the header means was offered. */
export function parseTcp(payload: Buffer): TcpSegment | null {
  const offset = ((payload[12] ?? 0) >> 4) * 4
  if (payload.length < headerBytes || offset < headerBytes || offset > payload.length) return null
  return {
    from: payload.readUInt16BE(0),
    to: payload.readUInt16BE(2),
    sequence: payload.readUInt32BE(4),
    acknowledgement: payload.readUInt32BE(8),
    flags: (payload[13] ?? 0) & 0x3f,
    window: payload.readUInt16BE(14),
    data: payload.subarray(offset),
  }
}

/** With its checksum over these addresses, see ipv4Addresses; a SYN says the longest segment that Ethernet takes. */
export function encodeTcp(segment: TcpSegment, addresses: Uint8Array): Buffer {
  const options = segment.flags & flag.syn ? Uint8Array.of(2, 4, 1460 >> 8, 1460 & 255) : new Uint8Array(0)
  const header = headerBytes + options.length
  const bytes = Buffer.alloc(header + segment.data.length)
  bytes.writeUInt16BE(segment.from, 0)
  bytes.writeUInt16BE(segment.to, 2)
  bytes.writeUInt32BE(segment.sequence >>> 0, 4)
  bytes.writeUInt32BE(segment.acknowledgement >>> 0, 8)
  bytes[12] = (header / 4) << 4
  bytes[13] = segment.flags
  bytes.writeUInt16BE(segment.window, 14)
  bytes.set(options, headerBytes)
  bytes.set(segment.data, header)
  const sum = checksum(bytes, pseudoHeader(addresses, protocol.tcp, bytes.length))
  bytes.writeUInt16BE(sum, 16)
  return bytes
}

/** The answer to a connection that nothing here takes (RFC 9293, 3.10.7.1); null where none is due. */
export function refusal(segment: TcpSegment): TcpSegment | null {
  if ((segment.flags & (flag.syn | flag.ack | flag.rst)) !== flag.syn) return null
  const { from, to, sequence } = segment
  const flags = flag.rst | flag.ack
  const acknowledgement = (sequence + 1) >>> 0
  return { from: to, to: from, sequence: 0, acknowledgement, flags, window: 0, data: new Uint8Array(0) }
}
