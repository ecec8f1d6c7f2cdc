/** The Internet checksum of bytes, begun with `sum` (RFC 1071). */
export function checksum(bytes: Uint8Array, sum = 0): number {
  const end = bytes.length
  let total = sum
  for (let at = 0; at + 1 < end; at += 2) total += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  if (end % 2 === 1) total += (bytes[end - 1] ?? 0) << 8
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000)
  return ~total & 0xffff
}

/** What a pseudo-header adds up to: addresses, protocol and length (RFC 768; RFC 8200, 8.1). */
export function pseudoHeader(addresses: Uint8Array, protocol: number, length: number): number {
  let sum = protocol + length
  for (let at = 0; at + 1 < addresses.length; at += 2)
    sum += ((addresses[at] ?? 0) << 8) | (addresses[at + 1] ?? 0)
  return sum
}
