import type { Port } from '../model.ts'
import { either } from './collections.ts'
import { object } from './object.ts'
import { integer, type Read, scalar, truth } from './scalars.ts'
import { oneOf, text } from './text.ts'
import type { Schema } from './types.ts'

const octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
export const ipv4Pattern = `${octet}(?:\\.${octet}){3}`

const shortForm = new RegExp(`^(?:(${ipv4Pattern}):)?([0-9]{1,5}):([0-9]{1,5})(?:/(tcp|udp))?$`)

const short = scalar<Port>({
  label: '`"host:guest"`',
  expected: 'a port such as "8080:80" (host:guest)',
  typeHint: shortHint,
  read: readShort,
  json: { type: 'string', pattern: `^(${ipv4Pattern}:)?[0-9]{1,5}:[0-9]{1,5}(/(tcp|udp))?$` },
})

function readShort(written: string): Read<Port> {
  const match = shortForm.exec(written)
  if (match === null) return { hint: shortHint(written) }
  const [, hostAddress = '127.0.0.1', host, guest, protocol] = match
  const hostPort = Number(host)
  const guestPort = Number(guest)
  if (hostPort === 0)
    return { hint: 'for any free port of the host write {host: 8080, guest: 80, auto: true}' }
  if (Math.max(hostPort, guestPort) > 65535 || guestPort === 0)
    return { hint: 'ports are numbers from 1 to 65535' }
  return {
    value: { protocol: protocol === 'udp' ? 'udp' : 'tcp', hostAddress, hostPort, guestPort, auto: false },
  }
}

function shortHint(written: string): string {
  if (/^\d{1,5}$/.test(written)) return `did you mean "${written}:${written}"?`
  if (/^\d+-\d+/.test(written)) return 'ranges are not supported; write one entry a port'
  if (written.includes('[') || written.includes('::')) return 'the host listens on IPv4 addresses only'
  if (/^localhost:/.test(written)) return `did you mean "${written.replace('localhost', '127.0.0.1')}"?`
  if (/^[\d:.]*\/[A-Za-z]+$/.test(written)) return 'the protocol is tcp or udp'
  return 'forms are "8080:80", "127.0.0.1:8080:80" and "5353:53/udp"'
}

const portNumber = () => integer({ min: 1, max: 65535 })

const long = object({
  what: 'a port',
  fields: {
    guest: { schema: portNumber(), description: 'Port in the guest.', required: true, examples: [80] },
    host: { schema: portNumber(), description: 'Port of the host.', required: true, examples: [8080] },
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

/** `"8080:80"`, or a mapping; read as the model's port. Undefined parts were reported. */
export const port: Schema<Port> = (() => {
  const both = either(short, long)
  return {
    ...both,
    label: 'port',
    check: (node, context, owner) => {
      const read = both.check(node, context, owner)
      if (read === undefined || 'hostPort' in read) return read
      const { guest, host, protocol, address, auto } = read
      if (guest === undefined || host === undefined || protocol === undefined) return undefined
      if (address === undefined || auto === undefined) return undefined
      return { protocol, hostAddress: address, hostPort: host, guestPort: guest, auto }
    },
  }
})()
