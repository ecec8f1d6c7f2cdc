import type { Node } from '../../manifest/index.ts'
import type { DraftPort } from '../draft.ts'
import { textOf, under } from '../nodes.ts'
import { portAt, portValue } from '../ports.ts'
import { readInterpolation } from './interpolation.ts'

/** An item of a service's `ports`; a text says why it is not carried over. Source: docs.docker.com, "ports". */
export function readPort(item: Node): DraftPort | string {
  if (item.kind === 'map') return readLong(item)
  const text = textOf(item) ?? ''
  const port = '(\\d[\\d-]*|\\$\\{[^}]*\\})'
  const match = new RegExp(`^(?:(?:([\\d.]+):)?${port}?:)?${port}(?:/(tcp|udp))?$`).exec(text)
  if (match === null) return 'only IPv4 addresses and ports of tcp and udp are forwarded'
  const [, address, host, guest = '', protocol] = match
  return made({ address, host, guest, protocol })
}

function readLong(item: Node): DraftPort | string {
  const text = (key: string) => textOf(under(item, key))
  const guest = text('target') ?? ''
  return made({ address: text('host_ip'), host: text('published'), guest, protocol: text('protocol') })
}

interface Written {
  address: string | undefined
  host: string | undefined
  guest: string
  protocol: string | undefined
}

/** Where no port of the host is named any is taken. Compose listens on all addresses of the host, unless one is named. */
function made({ address, host, guest, protocol }: Written): DraftPort | string {
  const to = portOrVariable(guest)
  const from = portOrVariable(host ?? guest)
  if (to === undefined || from === undefined)
    return 'it is not a port, nor a variable with a port as its default'
  const port = portAt({ host: from, guest: to, address, protocol })
  return typeof port === 'string' || host !== undefined ? port : { ...port, auto: true }
}

function portOrVariable(text: string): string | undefined {
  return portValue(readInterpolation(text) ?? [])
}
