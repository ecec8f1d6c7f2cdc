import { isIPv6 } from 'node:net'

/** An IPv4 network: its first address as a number of 32 bits, and the length of its prefix. */
export interface Subnet {
  base: number
  prefix: number
}

/** `10.40.0.1` as a number of 32 bits without sign; null for anything else. */
export function parseIpv4(text: string): number | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1)
  if (parts === undefined || parts.some((part) => Number(part) > 255 || /^0\d/.test(part))) return null
  return parts.reduce((value, part) => value * 256 + Number(part), 0)
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** `10.40.0.0/24`; null where it is none, or its address has bits behind the prefix. */
export function parseSubnet(text: string): Subnet | null {
  const [, address = '', length = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? []
  const base = parseIpv4(address)
  const prefix = Number(length)
  if (base === null || length === '' || prefix > 32) return null
  return (base & maskOf(prefix)) >>> 0 === base ? { base, prefix } : null
}

export function formatSubnet({ base, prefix }: Subnet): string {
  return `${formatIpv4(base)}/${prefix}`
}

/** `255.255.255.0` of /24, as a number. */
export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0
}

/** How many addresses there are, with the first and the last, which no machine may have. */
export function sizeOf({ prefix }: Subnet): number {
  return 2 ** (32 - prefix)
}

export function contains({ base, prefix }: Subnet, address: number): boolean {
  return (address & maskOf(prefix)) >>> 0 === base
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.prefix <= b.prefix ? contains(a, b.base) : contains(b, a.base)
}

/** The 16 bytes of an IPv6 address without a zone; null for anything else. RFC 4291, 2.2. */
export function parseIpv6(text: string): Uint8Array | null {
  if (!isIPv6(text) || text.includes('%')) return null
  const [left = '', right] = text.split('::')
  const before = groups(left)
  const after = groups(right ?? '')
  const missing = right === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...new Array<number>(Math.max(0, missing)).fill(0), ...after]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]))
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    const ipv4 = parseIpv4(part)
    return ipv4 === null ? [Number.parseInt(part, 16)] : [ipv4 >>> 16, ipv4 & 0xffff]
  })
}

/** The shortest form: RFC 5952, 4. */
export function formatIpv6(bytes: Uint8Array): string {
  const all = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  )
  const run = longestRunOfZeros(all)
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  if (run.length < 2) return hex(all)
  return `${hex(all.slice(0, run.start))}::${hex(all.slice(run.start + run.length))}`
}

function longestRunOfZeros(all: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < all.length; start++) {
    let length = 0
    while (all[start + length] === 0) length += 1
    if (length > best.length) best = { start, length }
  }
  return best
}
