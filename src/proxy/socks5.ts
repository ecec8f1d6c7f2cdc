import { formatIpv4, formatIpv6 } from '../lib/net/ip.ts'
import type { Destination, Refusal } from './destination.ts'

/** SOCKS version 5. Source: RFC 1928. */
export const version = 5

/** What was read off the beginning of some bytes; `more`: it is not whole yet; `wrong`: it is none. */
export type Read<T> = { value: T; used: number } | 'more' | 'wrong'

const noAuthentication = 0
const noneAcceptable = 0xff
const command = { connect: 1 } as const
const addressType = { ipv4: 1, name: 3, ipv6: 4 } as const

/** Section 6. */
export const reply = {
  done: 0,
  failed: 1,
  forbidden: 2,
  absent: 4,
  refused: 5,
  commandUnknown: 7,
  addressUnknown: 8,
} as const satisfies Record<Refusal | string, number>

/** The methods of authentication that a client offers (section 3). */
export function readGreeting(bytes: Buffer): Read<{ methods: Buffer }> {
  if (bytes.length > 0 && bytes[0] !== version) return 'wrong'
  const end = 2 + (bytes[1] ?? 0)
  if (bytes.length < 2 || bytes.length < end) return 'more'
  return { value: { methods: bytes.subarray(2, end) }, used: end }
}

/** Takes the client without authentication, where it offers that. */
export function chooseMethod(methods: Buffer): { answer: Buffer; ok: boolean } {
  const ok = methods.includes(noAuthentication)
  return { answer: Buffer.of(version, ok ? noAuthentication : noneAcceptable), ok }
}

/** What a client asks for (section 4): where to, or the reply to what is not done here. */
export function readRequest(bytes: Buffer): Read<Destination | { unknown: number }> {
  if (bytes.length > 0 && bytes[0] !== version) return 'wrong'
  if (bytes.length < 5) return 'more'
  const [, wanted, , type = 0, first = 0] = bytes
  const length = type === addressType.ipv4 ? 4 : type === addressType.ipv6 ? 16 : 1 + first
  const isKnown = Object.values(addressType).some((known) => known === type)
  if (!isKnown) return { value: { unknown: reply.addressUnknown }, used: bytes.length }
  const used = 4 + length + 2
  if (bytes.length < used) return 'more'
  if (wanted !== command.connect) return { value: { unknown: reply.commandUnknown }, used }
  const address = bytes.subarray(4, 4 + length)
  return { value: { host: hostOf(type, address), port: bytes.readUInt16BE(4 + length) }, used }
}

function hostOf(type: number, address: Buffer): string {
  if (type === addressType.ipv4) return formatIpv4(address.readUInt32BE())
  if (type === addressType.ipv6) return formatIpv6(address)
  return address.toString('latin1', 1)
}

/** Section 6. The address that the proxy connected from means nothing to anybody and is left out. */
export function encodeReply(code: number): Buffer {
  return Buffer.of(version, code, 0, addressType.ipv4, 0, 0, 0, 0, 0, 0)
}
