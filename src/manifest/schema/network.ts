import { parseIpv4, parseIpv6, parseSubnet } from '../../lib/net/ip.ts'
import { limits } from '../limits.ts'
import { either, list } from './collections.ts'
import { conditionFields } from './conditions.ts'
import { object } from './object.ts'
import { integer, type Read, scalar, truth } from './scalars.ts'
import { name } from './text.ts'
import type { JsonSchema, Schema } from './types.ts'

const link = object({
  what: 'a link',
  fields: {
    between: {
      schema: list(name(), { max: 2, of: 'machines' }),
      description: 'The two machines.',
      required: true,
      examples: [['web', 'db']],
    },
    ...conditionFields,
    cut: { schema: truth(), description: 'Whether nothing passes.', default: false },
  },
})

const subnet = address(
  'an IPv4 network such as 10.40.0.0/24',
  (text) => {
    const found = parseSubnet(text)
    if (found === null) return { hint: subnetHint(text) }
    if (found.prefix < 8 || found.prefix > 29) return { hint: 'its prefix is from /8 to /29' }
    return { value: text }
  },
  { type: 'string', pattern: '^[0-9.]+/[0-9]{1,2}$' },
)

function subnetHint(text: string): string {
  if (parseIpv4(text) !== null) return `did you mean '${text.replace(/\.\d+$/, '.0')}/24'?`
  return 'the address is the first of the network: its bits behind the prefix are zero'
}

const prefix = address(
  'an IPv6 prefix such as fd12:3456:789a:1::/64',
  (text) => {
    const [base = '', length = ''] = text.split('/')
    const bytes = parseIpv6(base)
    if (bytes === null || length !== '64') return { hint: 'it has 64 bits' }
    if (bytes.subarray(8).some((byte) => byte !== 0)) return { hint: 'its bits behind the prefix are zero' }
    if (((bytes[0] ?? 0) & 0xfe) !== 0xfc) return { hint: 'it is a unique local one: it begins with fd' }
    return { value: text.toLowerCase() }
  },
  { type: 'string', pattern: '^[fF][cCdD][0-9a-fA-F:]+/64$' },
)

const ipv4 = address(
  'an IPv4 address such as 10.40.0.10',
  (text): Read<string> => (parseIpv4(text) === null ? {} : { value: text }),
  { type: 'string', pattern: '^[0-9.]+$' },
)

const mac = address(
  'a MAC address such as 52:54:00:12:34:56',
  (text) => {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text))
      return { hint: 'write six pairs of hexadecimal digits with colons between them' }
    if ((Number.parseInt(text.slice(0, 2), 16) & 1) === 1)
      return { hint: 'the first pair is even: odd ones are for groups' }
    return { value: text.toLowerCase() }
  },
  { type: 'string', pattern: '^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$' },
)

function address(expected: string, read: (text: string) => Read<string>, json: JsonSchema): Schema<string> {
  return scalar({ label: expected.replace(/^an? (.*) such as .*$/, '$1'), expected, read, json })
}

/** A network of the project. */
export const network = object({
  what: 'a network',
  definition: 'network',
  emptyAllowed: true,
  fields: {
    subnet: {
      schema: subnet,
      description: 'Its IPv4 addresses. The first is the network’s own services’.',
      absent: 'follows from the names of project and network',
      examples: ['10.40.0.0/24'],
    },
    ipv6: {
      schema: prefix,
      description: 'Its IPv6 addresses, a unique local prefix of 64 bits.',
      absent: 'follows from the names',
      examples: ['fd12:3456:789a:1::/64'],
    },
    isolated: {
      schema: truth(),
      description: 'Whether machines that are on isolated networks only reach nothing outside the project.',
      default: false,
    },
    guard: {
      schema: truth(),
      description: 'Whether machines can send from their own MAC and IP addresses only.',
      default: true,
    },
    seed: {
      schema: integer({ min: 0, max: 4_294_967_295 }),
      description:
        'What loss, jitter and the like are drawn from: the same seed and the same frames have the same fate.',
      default: 0,
    },
    conditions: {
      schema: object({ what: 'conditions', fields: conditionFields }),
      description: 'What the ways between all its machines are like.',
      examples: [{ latency: '5ms' }],
    },
    links: {
      schema: list(link, { max: limits.links, of: 'links' }),
      description: 'What the way between two machines is like, over `conditions`.',
      examples: [[{ between: ['web', 'db'], latency: '40ms' }]],
    },
  },
})

const attachment = object({
  what: 'a network of a machine',
  fields: {
    name: { schema: name(), description: 'The network.', required: true, examples: ['backend'] },
    address: {
      schema: ipv4,
      description: 'The machine’s IPv4 address there; the network then has a `subnet`.',
      absent: 'follows from the machine’s name',
      examples: ['10.40.0.10'],
    },
    mac: {
      schema: mac,
      description: 'The MAC address of the machine’s NIC there.',
      absent: 'follows from the names',
      examples: ['52:54:00:12:34:56'],
    },
  },
})

export const networkFields = network.fields
export const attachmentFields = attachment.fields

export interface WrittenAttachment {
  name: string
  address: string | undefined
  mac: string | undefined
}

/** `backend`, or a mapping. */
export const machineNetwork: Schema<WrittenAttachment> = (() => {
  const both = either(name(), attachment)
  return {
    ...both,
    label: 'network',
    check: (node, context, owner) => {
      const read = both.check(node, context, owner)
      if (typeof read === 'string') return { name: read, address: undefined, mac: undefined }
      if (read?.name === undefined) return undefined
      return { name: read.name, address: read.address, mac: read.mac }
    },
  }
})()
