import type { FrameSpan } from '../../lib/net/framing.ts'
import { high } from '../../lib/wire/ethernet.ts'
import type { DropReason } from './counters.ts'
import type { Sender } from './sender.ts'

/** RFC 8200, 3. */
const fixed = { bytes: 40, length: 4, next: 6, source: 8 }
const icmpv6 = 58
const udp = 17
const dhcpv6ServerPort = 547
const dhcpv6ClientPort = 546
/** Hop-by-hop, routing, fragment, destination options, authentication: headers before the payload's own. */
const extensions = new Set([0, 43, 44, 51, 60])
const fragment = 44
const authentication = 51
const mostExtensions = 8
/** ICMPv6 types: RFC 4861, 4; RFC 2710, 3; RFC 3810, 5. */
const type = {
  listenerReport: 131,
  listenerDone: 132,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
  listenerReport2: 143,
}
/** What a machine sends that has no address yet. */
const withoutAddress: readonly number[] = [
  type.listenerReport,
  type.listenerDone,
  type.listenerReport2,
  type.routerSolicitation,
  type.solicitation,
]
/** Where the options of a message of neighbour discovery begin. */
const optionsAt = new Map([
  [type.routerSolicitation, 8],
  [type.solicitation, 24],
  [type.advertisement, 24],
])
/** Options that say whose MAC address it is: the source's, the target's (RFC 4861, 4.6.1). */
const linkAddresses: readonly number[] = [1, 2]

/** The same for IPv6: see guardFrame. `at` is the first byte of the IPv6 header. */
export function guardIpv6(
  { bytes, end: frameEnd }: Readonly<FrameSpan>,
  at: number,
  sender: Sender,
): DropReason | null {
  if (frameEnd - at < fixed.bytes || (bytes[at] ?? 0) >> 4 !== 6) return 'malformed'
  // What stands behind the packet is padding.
  const end = Math.min(frameEnd, at + fixed.bytes + high(bytes, at + fixed.length))
  const isUnspecified = isZero(bytes, at + fixed.source, 16)
  if (!isUnspecified && !mayUse(bytes, at + fixed.source, sender)) return 'ipv6'
  const payload = skipExtensions(bytes, at, end)
  if (payload === null) return 'malformed'
  if (isUnspecified && (payload.next !== icmpv6 || !payload.first)) return 'ipv6'
  if (payload.next === udp && payload.first) {
    if (payload.at + 8 > end) return 'malformed'
    const isAnswer =
      high(bytes, payload.at) === dhcpv6ServerPort || high(bytes, payload.at + 2) === dhcpv6ClientPort
    return isAnswer ? 'dhcp' : null
  }
  if (payload.next !== icmpv6 || !payload.first) return null
  return guardIcmpv6(bytes, { at: payload.at, end, isUnspecified }, sender)
}

/** `isUnspecified`: the packet comes from `::`. */
function guardIcmpv6(
  bytes: Uint8Array,
  { at, end, isUnspecified }: { at: number; end: number; isUnspecified: boolean },
  sender: Sender,
): DropReason | null {
  const said = bytes[at]
  if (said === undefined || at + 4 > end) return 'malformed'
  if (said === type.routerAdvertisement || said === type.redirect) return 'router'
  if (isUnspecified && !withoutAddress.includes(said)) return 'ipv6'
  const options = optionsAt.get(said)
  if (options === undefined) return null
  if (at + options > end) return 'malformed'
  // Without an address a machine asks only whether its own is free (RFC 4862, 5.4.2).
  const isClaim = said === type.advertisement || (said === type.solicitation && isUnspecified)
  if (isClaim && !mayUse(bytes, at + 8, sender)) return 'arp'
  return guardOptions(bytes.subarray(at + options, end), sender)
}

/** The MAC address that a machine tells is its own. */
function guardOptions(bytes: Uint8Array, { mac }: Sender): DropReason | null {
  const end = bytes.length
  for (let at = 0; at < end; ) {
    const length = (bytes[at + 1] ?? 0) * 8
    if (length === 0 || at + length > end) return 'malformed'
    const isLinkAddress = linkAddresses.includes(bytes[at] ?? 0)
    if (isLinkAddress && !mac.every((byte, index) => bytes[at + 2 + index] === byte)) return 'arp'
    at += length
  }
  return null
}

interface Payload {
  next: number
  at: number
  /** False for the later fragments of a packet, which do not begin with the payload's header. */
  first: boolean
}

/** Past the extension headers; null where they do not end inside the frame. */
function skipExtensions(bytes: Uint8Array, start: number, end: number): Payload | null {
  let next = bytes[start + fixed.next] ?? 0
  let at = start + fixed.bytes
  let first = true
  for (let count = 0; extensions.has(next); count++) {
    if (count === mostExtensions || at + 8 > end) return null
    if (next === fragment) first = high(bytes, at + 2) >> 3 === 0
    const length = bytes[at + 1] ?? 0
    const size = next === fragment ? 8 : next === authentication ? (length + 2) * 4 : (length + 1) * 8
    next = bytes[at] ?? 0
    at += size
    if (!first) break
  }
  return at <= end ? { next, at, first } : null
}

/**
 * Whether an address is the sender's to use: one of the link or of the network's prefix that is not made from
 * another's MAC address and is not the services' own (RFC 4291, appendix A).
 */
function mayUse(bytes: Uint8Array, at: number, { mac, ipv6Prefix }: Sender): boolean {
  const isLocal = bytes[at] === 0xfe && bytes[at + 1] === 0x80 && isZero(bytes, at + 2, 6)
  if (!isLocal && !ipv6Prefix.every((byte, index) => bytes[at + index] === byte)) return false
  const id = at + 8
  if (isZero(bytes, id, 7)) return false
  const isFromMac = bytes[id + 3] === 0xff && bytes[id + 4] === 0xfe
  if (!isFromMac) return true
  return interfaceId(mac).every((byte, index) => bytes[id + index] === byte)
}

/** The interface identifier of 8 bytes that is made from a MAC address (RFC 4291, appendix A). */
export function interfaceId(mac: Uint8Array): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
  return Uint8Array.of(a ^ 2, b, c, 0xff, 0xfe, d, e, f)
}

function isZero(bytes: Uint8Array, at: number, length: number): boolean {
  for (let index = at; index < at + length; index++) if (bytes[index] !== 0) return false
  return true
}
