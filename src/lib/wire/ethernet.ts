/** Ethernet frames without checksum (IEEE 802.3, §3). Offsets count from the frame's first byte. */
export const headerBytes = 14
export const sourceOffset = 6
const typeOffset = 12

export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  ipv6: 0x86dd,
  vlan: 0x8100,
  serviceVlan: 0x88a8,
} as const

export const broadcast: Uint8Array = Uint8Array.of(255, 255, 255, 255, 255, 255)

/** A MAC address as a number of 48 bits, for tables. */
export function macNumber(bytes: Uint8Array, at: number): number {
  return high(bytes, at) * 2 ** 32 + low(bytes, at)
}

/** The first 16 bits of a MAC address. */
export function high(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/** The last 32 bits of a MAC address, without sign. */
function low(bytes: Uint8Array, at: number): number {
  return ((high(bytes, at + 2) << 16) | high(bytes, at + 4)) >>> 0
}

/** Whether a frame is for several: broadcast and multicast have the lowest bit of the first byte. */
export function isGroup(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 1) === 1
}

/** Whether a type says that a VLAN tag follows. */
export function isTag(type: number): boolean {
  return type === etherType.vlan || type === etherType.serviceVlan
}

/**
 * What a frame carries and where that begins, past at most two VLAN tags (IEEE 802.1Q, 802.1ad); null
 * where the frame ends before it says so.
 */
export function payloadOf(
  bytes: Uint8Array,
  start: number,
  end: number,
): { type: number; at: number } | null {
  let at = start + typeOffset
  for (let tags = 0; ; tags++) {
    if (at + 2 > end) return null
    const type = high(bytes, at)
    if (tags === 2 || !isTag(type)) return { type, at: at + 2 }
    at += 4
  }
}

/** The six bytes of `52:54:00:c0:ff:ee`; null for anything else. */
export function parseMac(text: string): Uint8Array | null {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) return null
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16))
}
