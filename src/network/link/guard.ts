import type { FrameSpan } from '../../lib/net/framing.ts'
import {
  etherType,
  headerBytes,
  high,
  isGroup,
  isTag,
  payloadOf,
  sourceOffset,
} from '../../lib/wire/ethernet.ts'
import type { DropReason } from './counters.ts'
import { guardIpv6 } from './guard-ipv6.ts'
import type { Sender } from './sender.ts'

const arp = { bytes: 28, operation: 6, senderMac: 8, senderIp: 14, targetIp: 24 }
/** Ethernet, IPv4, and the lengths of their addresses: receivers find the fields by these (RFC 826). */
const arpHeader = Uint8Array.of(0, 1, 8, 0, 6, 4)
const arpRequest = 1
const ipv4 = { bytes: 20, protocol: 9, fragment: 6, source: 12 }
const igmp = 2
const udp = 17
const dhcpServerPort = 67
const dhcpClientPort = 68

/**
 * Why a frame may not be sent by this machine, or null. It sends from its own MAC
 * address and its own IP addresses, answers ARP and neighbour solicitations for itself alone, and is
 * neither DHCP server nor router. From 0.0.0.0 or `::` it sends what a machine without an address does, and
 * looks whether an address is free only for its own: for another's that would be a claim to it. Frames
 * that carry anything else pass.
 */
export function guardFrame(frame: Readonly<FrameSpan>, sender: Sender): DropReason | null {
  const { bytes, start, end } = frame
  if (end - start < headerBytes) return 'runt'
  if (isGroup(bytes, start + sourceOffset)) return 'mac'
  if (!sameBytes(bytes, start + sourceOffset, sender.mac)) return 'mac'
  const payload = payloadOf(bytes, start, end)
  // Linux takes off any number of tags; what is behind a third one could not be looked at.
  if (payload === null || isTag(payload.type)) return 'malformed'
  if (payload.type === etherType.ipv4) return guardIpv4(frame, payload.at, sender)
  if (payload.type === etherType.arp) return guardArp(frame, payload.at, sender)
  if (payload.type === etherType.ipv6) return guardIpv6(frame, payload.at, sender)
  return null
}

/** RFC 826. A probe has 0.0.0.0 as its sender and what is probed as its target (RFC 5227, 2.1.1). */
function guardArp({ bytes, end }: Readonly<FrameSpan>, at: number, sender: Sender): DropReason | null {
  if (end - at < arp.bytes || !sameBytes(bytes, at, arpHeader)) return 'malformed'
  if (!sameBytes(bytes, at + arp.senderMac, sender.mac)) return 'arp'
  const ip = address(bytes, at + arp.senderIp)
  if (ip === sender.ipv4) return null
  const isProbe = ip === 0 && high(bytes, at + arp.operation) === arpRequest
  return isProbe && address(bytes, at + arp.targetIp) === sender.ipv4 ? null : 'arp'
}

/** RFC 791. The ports are in the first fragment only; without it the others are of no use. */
function guardIpv4({ bytes, end }: Readonly<FrameSpan>, at: number, sender: Sender): DropReason | null {
  if (end - at < ipv4.bytes) return 'malformed'
  const version = bytes[at] ?? 0
  const header = (version & 15) * 4
  if (version >> 4 !== 4 || header < ipv4.bytes || end - at < header) return 'malformed'
  const source = address(bytes, at + ipv4.source)
  if (source !== sender.ipv4 && source !== 0) return 'ipv4'
  const isFirst = (high(bytes, at + ipv4.fragment) & 0x1fff) === 0
  const protocol = bytes[at + ipv4.protocol]
  if (protocol !== udp || !isFirst) return source !== 0 || protocol === igmp ? null : 'ipv4'
  if (end - at < header + 8) return 'malformed'
  const [from, to] = [high(bytes, at + header), high(bytes, at + header + 2)]
  // Clients look at the port that an answer is sent to, not at where it comes from.
  if (from === dhcpServerPort || to === dhcpClientPort) return 'dhcp'
  return source !== 0 || to === dhcpServerPort ? null : 'ipv4'
}

function address(bytes: Uint8Array, at: number): number {
  return ((high(bytes, at) << 16) | high(bytes, at + 2)) >>> 0
}

function sameBytes(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}
