import { limits } from '../limits.ts'
import type { Node } from '../source/node.ts'
import { either, list } from './collections.ts'
import { object } from './object.ts'
import { type Read, scalar, truth } from './scalars.ts'
import { oneOf, text } from './text.ts'
import type { Located, Schema } from './types.ts'

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const ipv4Pattern = `${octet}(?:\\.${octet}){3}`

/** Ports one after another; a single one where both are the same. */
export interface PortRange {
  first: number
  last: number
}

/** An item of `ports`, as written: each port of the host leads to the one at its place in the guest's range. */
export interface WrittenPorts {
  protocol: 'tcp' | 'udp'
  hostAddress: string
  host: PortRange
  guest: PortRange
  auto: boolean
}

const number = '[0-9]{1,5}'
const range = `${number}(?:-${number})?`
const shortForm = new RegExp(`^(?:(${ipv4Pattern}):)?(${range}):(${range})(?:/(tcp|udp))?$`)

const short = scalar<WrittenPorts>({
  label: '`"host:guest"`',
  expected: 'a port such as "8080:80" (host:guest)',
  typeHint: shortHint,
  read: readShort,
  json: { type: 'string', pattern: `^(${ipv4Pattern}:)?${range}:${range}(/(tcp|udp))?$` },
})

function readShort(written: string): Read<WrittenPorts> {
  const match = shortForm.exec(written)
  if (match === null) return { hint: shortHint(written) }
  const [, hostAddress = '127.0.0.1', hosts = '', guests = '', protocol] = match
  if (hosts === '0')
    return { hint: 'for any free port of the host write {host: 8080, guest: 80, auto: true}' }
  const [host, guest] = [readRange(hosts), readRange(guests)]
  if (typeof host === 'string') return { hint: host }
  if (typeof guest === 'string') return { hint: guest }
  return { value: { protocol: protocol === 'udp' ? 'udp' : 'tcp', hostAddress, host, guest, auto: false } }
}

/** `8080` or `8000-8010`; a text says what is wrong with it. */
function readRange(written: string): PortRange | string {
  const [first = 0, last = first] = written.split('-').map(Number)
  if (first === 0 || Math.max(first, last) > 65535) return 'ports are numbers from 1 to 65535'
  if (last < first) return `the smaller port comes first: ${last}-${first}`
  if (last - first >= limits.ports) return `a range has at most ${limits.ports} ports`
  return { first, last }
}

function shortHint(written: string): string {
  if (new RegExp(`^${range}$`).test(written)) return `did you mean "${written}:${written}"?`
  if (written.includes('[') || written.includes('::')) return 'the host listens on IPv4 addresses only'
  if (/^localhost:/.test(written)) return `did you mean "${written.replace('localhost', '127.0.0.1')}"?`
  if (/^[\d:.-]*\/[A-Za-z]+$/.test(written)) return 'the protocol is tcp or udp'
  return 'forms are "8080:80", "127.0.0.1:8080:80", "5353:53/udp" and "8000-8010:8000-8010"'
}

const portOrRange = scalar<PortRange>({
  label: 'port or range',
  expected: 'a port from 1 to 65535 or a range such as "8000-8010"',
  takes: ['number', 'string'],
  read: (written): Read<PortRange> => {
    if (!new RegExp(`^${range}$`).test(written)) return {}
    const read = readRange(written)
    return typeof read === 'string' ? { hint: read } : { value: read }
  },
  json: {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 65535 },
      { type: 'string', pattern: `^${range}$` },
    ],
  },
})

const long = object({
  what: 'a port',
  fields: {
    guest: {
      schema: portOrRange,
      description: 'Port of the guest, or a range of them.',
      required: true,
      examples: [80],
    },
    host: {
      schema: portOrRange,
      description: 'Port of the host, or a range as wide as that of the guest.',
      required: true,
      examples: [8080],
    },
    protocol: { schema: oneOf(['tcp', 'udp']), description: 'The protocol.', default: 'tcp' },
    address: {
      schema: text({
        label: 'IPv4 address',
        expected: 'an IPv4 address such as 127.0.0.1',
        pattern: ipv4Pattern,
        hint: (given) =>
          given === 'localhost' ? "did you mean '127.0.0.1'?" : 'use 0.0.0.0 for all addresses of the host',
      }),
      description: 'Address of the host to listen on. `0.0.0.0` opens the port to the network.',
      default: '127.0.0.1',
    },
    auto: {
      schema: truth(),
      description: 'Whether another port of the host may be taken when this one is in use.',
      default: false,
    },
  },
})

export const portFields = long.fields

/** `"8080:80"`, or a mapping. Undefined parts were reported. */
const port: Schema<WrittenPorts> = (() => {
  const both = either(short, long)
  return {
    ...both,
    label: 'port',
    check: (node, context, owner) => {
      const read = both.check(node, context, owner)
      if (read === undefined || 'hostAddress' in read) return read
      const { guest, host, protocol, address, auto } = read
      if (guest === undefined || host === undefined || protocol === undefined) return undefined
      if (address === undefined || auto === undefined) return undefined
      return { protocol, hostAddress: address, host, guest, auto }
    },
  }
})()

const autoWord = 'auto'
const items = list<WrittenPorts | typeof autoWord>(
  {
    label: port.label,
    check: (node, context, owner) => (isAuto(node) ? autoWord : port.check(node, context, owner)),
    json: (definitions) => ({ anyOf: [{ type: 'string', const: autoWord }, port.json(definitions)] }),
  },
  { max: limits.ports, of: 'ports' },
)

/** What `ports` says: what is written out, and whether whatever listens in the guest is forwarded besides. */
export interface WrittenPortList {
  list: Located<WrittenPorts>[]
  auto: boolean
}

/** `ports`: `auto`, or a list of ports in which `auto` may stand. */
export const ports: Schema<WrittenPortList> = {
  label: '`auto`, list of ports',
  check: (node, context, owner) => {
    if (isAuto(node)) return { list: [], auto: true }
    const read = items.check(node, context, owner)
    if (read === undefined) return undefined
    const written = read.flatMap(({ value, ...rest }) => (value === autoWord ? [] : [{ ...rest, value }]))
    return { list: written, auto: written.length < read.length }
  },
  json: (definitions) => ({ anyOf: [{ type: 'string', const: autoWord }, items.json(definitions)] }),
}

function isAuto(node: Node): boolean {
  return node.kind === 'scalar' && node.value === autoWord
}
