import { exactlyOne } from './exactly-one.ts'
import { object } from './object.ts'
import { duration, integer, type Read, scalar } from './scalars.ts'
import { text } from './text.ts'

const day = 86_400_000
const kinds = ['tcp', 'http', 'shell', 'console']

/** Where a GET goes, as the guest sees it. */
export interface HttpAddress {
  /** A name or an address; an IPv6 address without its brackets. */
  host: string
  port: number
  /** With its query; begins with `/`. */
  path: string
}

const httpForm =
  /^(?:http:\/\/([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?|(\d{1,5}))(\/[!-~]*)?$/

const http = scalar<HttpAddress>({
  label: 'port, port and path, or URL',
  expected: 'a port, or a URL of the guest such as http://localhost:8080/health',
  takes: ['string', 'number'],
  read: (given): Read<HttpAddress> => {
    const [whole, host, ofUrl, alone, path = '/'] = httpForm.exec(given) ?? []
    if (whole === undefined) {
      if (/^https:/i.test(given)) return { hint: 'HTTPS needs trust in a certificate: use shell: curl …' }
      return { hint: 'forms are 80, "80/health" and "http://localhost:80/health"' }
    }
    const port = Number(alone ?? ofUrl ?? 80)
    if (port === 0 || port > 65535) return { hint: 'ports are numbers from 1 to 65535' }
    return { value: { host: host?.replace(/^\[|\]$/g, '') ?? 'localhost', port, path } }
  },
  json: { type: ['string', 'integer'] },
})

/** One of the things that must be so before a machine counts as ready. */
export const ready = object({
  what: 'a probe',
  definition: 'probe',
  fields: {
    tcp: {
      schema: integer({ min: 1, max: 65535 }),
      description: 'A port of the guest that has to take connections.',
      examples: [5432],
    },
    http: {
      schema: http,
      description:
        'Where the guest has to answer a GET with a status from 200 to 399: a port, a port and a path, or a URL with `http:`, as the guest sees it.',
      examples: ['8080/health'],
    },
    shell: {
      schema: text({
        label: 'script',
        expected: 'a script',
        minLength: 1,
        maxLength: 65_536,
        verbatim: true,
      }),
      description: 'A script that has to end with 0. The user that `exec` logs in as runs it, by `sh`.',
      examples: ['pg_isready'],
    },
    console: {
      schema: text({ label: 'text', expected: 'a text of one line', pattern: '[^\\x00-\\x1f\\x7f]{1,200}' }),
      description:
        'A text that the guest has to write to its serial console, on one line; colours do not count. The one way to tell that a machine with `guest: other` is up.',
      examples: ['login:'],
    },
    hint: {
      schema: text({ minLength: 1, maxLength: 1000 }),
      description: 'What to do where it does not come, shown with the failure.',
      examples: ['posada exec db -- journalctl -u postgresql'],
    },
    interval: {
      schema: duration({ min: 100, max: day, bounds: 'from 100ms to 1d' }),
      description: 'Pause between two looks.',
      default: '1s',
    },
    timeout: {
      schema: duration({ min: 100, max: day, bounds: 'from 100ms to 1d' }),
      description: 'How long it may take, from the end of provisioning.',
      default: '2m',
    },
  },
  refine: exactlyOne('a probe', kinds),
  json: { oneOf: kinds.map((key) => ({ required: [key] })) },
})
