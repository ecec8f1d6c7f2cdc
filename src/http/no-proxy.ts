import { BlockList, isIP } from 'node:net'

/**
 * Whether NO_PROXY has a URL's host: as a name (`example.com`, `.example.com`, `*.example.com`, which mean its
 * subdomains too), an address (`10.1.2.3`, `fd00::1`, `[fd00::1]`), a network (`10.0.0.0/8`, `fd00::/8`), each but the
 * last with a port or without, or by `*`, which is every host. Names are not looked up.
 */
export function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const entries = list.toLowerCase().split(/[\s,]+/)
  return entries.some((entry) => entry === '*' || isOf(host, port, entry))
}

function isOf(host: string, port: string, entry: string): boolean {
  const network = /^\[?([\da-f.:]+)\]?\/(\d{1,3})$/.exec(entry)
  if (network !== null) return isInNetwork(host, network[1] ?? '', Number(network[2]))
  const isAddress = isIP(entry) === 6
  const [, name = '', only] = isAddress ? [entry, entry] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? [])
  if (only !== undefined && only !== port) return false
  const plain = name.replace(/^\[|\]$/g, '').replace(/^\*?\.|\.$/g, '')
  if (isIP(plain) !== 0) return isInNetwork(host, plain, isIP(plain) === 6 ? 128 : 32)
  return plain !== '' && (host === plain || host.endsWith(`.${plain}`))
}

function isInNetwork(host: string, address: string, prefix: number): boolean {
  const families = { 4: 'ipv4', 6: 'ipv6' } as const
  const [family, other] = [isIP(address), isIP(host)]
  if ((family !== 4 && family !== 6) || (other !== 4 && other !== 6)) return false
  if (prefix > (family === 6 ? 128 : 32)) return false
  const network = new BlockList()
  network.addSubnet(address, prefix, families[family])
  return network.check(host, families[other])
}
