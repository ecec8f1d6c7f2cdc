import type { IncomingMessage } from 'node:http'

/** Fields that are for the next hop alone (RFC 9110, 7.6.1), and those for a proxy. */
const hopFields = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Names and values in turn, as Node gives them raw, without those of one hop. */
export function withoutHopHeaders(raw: readonly string[]): string[] {
  const named = new Set(hopFields)
  eachField(raw, (name, value) => {
    if (name.toLowerCase() !== 'connection') return
    for (const one of value.split(',')) named.add(one.trim().toLowerCase())
  })
  const kept: string[] = []
  eachField(raw, (name, value) => {
    if (!named.has(name.toLowerCase())) kept.push(name, value)
  })
  return kept
}

/** The same for a request, with the host that its target names (RFC 9112, 3.2.2). */
export function forwardedHeaders(raw: readonly string[], host: string): string[] {
  const kept = ['Host', host]
  eachField(withoutHopHeaders(raw), (name, value) => {
    if (name.toLowerCase() !== 'host') kept.push(name, value)
  })
  return [...kept, 'Connection', 'close']
}

/** What of an answer's head a proxy passes on; null where it has what HTTP does not know (RFC 9110, 5.5 and 15). */
export function answerHead({
  statusCode = 0,
  statusMessage = '',
  rawHeaders,
}: Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'rawHeaders'>) {
  const headers = withoutHopHeaders(rawHeaders)
  let fits = statusCode >= 100 && !unprintable.test(statusMessage)
  eachField(headers, (name, value) => {
    fits &&= token.test(name) && !unprintable.test(value)
  })
  return fits ? { status: statusCode, reason: statusMessage, headers } : null
}

/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Other than tab, visible characters and bytes from 0x80 on (RFC 9110, 5.5; RFC 9112, 4). */
const unprintable = /[^\t\x20-\x7e\x80-\xff]/

function eachField(raw: readonly string[], visit: (name: string, value: string) => void): void {
  for (let at = 0; at + 1 < raw.length; at += 2) visit(raw[at] ?? '', raw[at + 1] ?? '')
}
