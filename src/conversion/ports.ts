import { parseIpv4 } from '../lib/net/ip.ts'
import type { DraftPort } from './draft.ts'
import { asValue, type Given, plain } from './given.ts'

interface Written {
  guest: string
  host: string
  address: string | undefined
  protocol: string | undefined
}

/** A port on an address of the host, where a manifest can have that; a text says why not. */
export function portAt({ address, protocol, ...port }: Written): DraftPort | string {
  if (address !== undefined && parseIpv4(address) === null) return 'the host listens on IPv4 addresses only'
  return {
    ...port,
    ...(protocol === 'udp' && { protocol: 'udp' }),
    ...(address !== undefined && address !== '127.0.0.1' && { address }),
  }
}

/** A port or a range of ports, as the manifest writes them; undefined where it is neither. */
export function portText(text: string): string | undefined {
  const [, first = 0, last = first] = (/^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []).map(Number)
  const to = Number.isNaN(last) ? first : last
  if (first < 1 || to > 65535 || to < first || to - first >= 200) return undefined
  return to === first ? String(first) : `${first}-${to}`
}

/** The same where a variable may be it, whose default is a port. */
export function portValue(value: Given): string | undefined {
  const [part, ...more] = value
  if (typeof part !== 'object') return portText(plain(value) ?? '')
  return more.length === 0 && part.or !== null && portText(part.or) !== undefined ? asValue(value) : undefined
}
