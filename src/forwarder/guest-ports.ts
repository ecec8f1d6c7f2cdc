/** A port of the guest that takes connections on its loopback. */
export interface GuestPort {
  port: number
  /** The guest's addresses to connect to, tried in this order. */
  hosts: readonly LoopbackAddress[]
}

type LoopbackAddress = '127.0.0.1' | '::1'

/** The most that are forwarded: the lowest. A guest may claim any number. */
export const mostPorts = 64

/**
 * Addresses in `/proc/net/tcp` and `tcp6` (hexadecimal, each 32-bit word in the guest's byte order) that loopback
 * reaches. Source: proc_net(5).
 */
const addresses: Record<string, GuestPort['hosts']> = {
  '00000000': ['127.0.0.1'],
  '0100007F': ['127.0.0.1'],
  // The table does not say whether the socket takes IPv4 as well (IPV6_V6ONLY, ipv6(7)).
  '00000000000000000000000000000000': ['127.0.0.1', '::1'],
  '0000000000000000FFFF000000000000': ['127.0.0.1'],
  '0000000000000000FFFF00000100007F': ['127.0.0.1'],
  '00000000000000000000000001000000': ['::1'],
}

/**
 * Shell text that prints `<address>:<port>` of each listening socket and then a line `.`: when
 * something has changed, and every ten seconds, so that it ends when no one reads any more. State
 * 0A is LISTEN. It needs `sed` and nothing of its user.
 */
export const watchScript = `o=-; i=0
while :; do
  n=$(sed -n 's/^ *[0-9]*: \\([0-9A-F]*:[0-9A-F]*\\) [0-9A-F]*:[0-9A-F]* 0A .*/\\1/p' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  if [ "$n" != "$o" ] || [ $i -ge 10 ]; then o=$n; i=0; printf '%s\\n.\\n' "$n" || exit; fi
  i=$((i+1)); sleep 1
done`

/**
 * The ports of a listing, lowest first, mostPorts at most; lines that make no sense are passed over,
 * for a guest may write anything. `skip` has ports that are forwarded otherwise. Pure.
 */
export function parseListing(text: string, skip: ReadonlySet<number>): GuestPort[] {
  const found = new Map<number, GuestPort['hosts']>()
  for (const line of text.split('\n')) {
    const [, address = '', digits = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(line) ?? []
    const hosts = addresses[address]
    const port = Number.parseInt(digits, 16)
    if (hosts === undefined || port === 0 || skip.has(port)) continue
    const all = [...(found.get(port) ?? []), ...hosts]
    found.set(
      port,
      (['127.0.0.1', '::1'] as const).filter((host) => all.includes(host)),
    )
  }
  const sorted = [...found].sort(([a], [b]) => a - b).slice(0, mostPorts)
  return sorted.map(([port, hosts]) => ({ port, hosts }))
}

/** Longest listing that is looked at: 65,535 ports would be more, and are not meant. */
const listingLimit = 64 * 1024

/** Puts what comes together to whole listings; one that is too long is thrown away. */
export function listings(onListing: (text: string) => void): (chunk: string) => void {
  let text = ''
  let tooLong = false
  return (chunk) => {
    text += chunk
    for (let end = text.search(/^\.$/m); end >= 0 && text[end + 1] === '\n'; end = text.search(/^\.$/m)) {
      if (!tooLong && end <= listingLimit) onListing(text.slice(0, end))
      text = text.slice(end + 2)
      tooLong = false
    }
    if (text.length > listingLimit) {
      tooLong = true
      text = text.slice(-2)
    }
  }
}
