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
function withoutHopHeaders(raw: readonly string[]): string[] {
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

/**
 * The same for a request, with the host that its target names (RFC 9112, 3.2.2). A body that came in chunks goes
 * on in chunks, whatever the method: Node sends that of a GET or DELETE without a frame otherwise, and its bytes
 * would be the next request.
 */
export function forwardedHeaders(raw: readonly string[], host: string): string[] {
  const kept = ['Host', host]
  eachField(withoutHopHeaders(raw), (name, value) => {
    if (name.toLowerCase() !== 'host') kept.push(name, value)
  })
  if (hasField(raw, 'transfer-encoding')) kept.push('Transfer-Encoding', 'chunked')
  return [...kept, 'Connection', 'close']
}

/**
 * What of an answer's head a proxy passes on; null where it has what HTTP does not know (RFC 9110, 5.5 and 15). The
 * length that an answer in chunks claims beside them means nothing (RFC 9112, 6.3) and is left out.
 */
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
  if (!fits) return null
  const inChunks = hasField(rawHeaders, 'transfer-encoding')
  return {
    status: statusCode,
    reason: statusMessage,
    headers: inChunks ? withoutField(headers, 'content-length') : headers,
  }
}

function hasField(raw: readonly string[], wanted: string): boolean {
  let found = false
  eachField(raw, (name) => {
    found ||= name.toLowerCase() === wanted
  })
  return found
}

function withoutField(raw: readonly string[], unwanted: string): string[] {
  const kept: string[] = []
  eachField(raw, (name, value) => {
    if (name.toLowerCase() !== unwanted) kept.push(name, value)
  })
  return kept
}

/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Other than tab, visible characters and bytes from 0x80 on (RFC 9110, 5.5; RFC 9112, 4). */
const unprintable = /[^\t\x20-\x7e\x80-\xff]/

function eachField(raw: readonly string[], visit: (name: string, value: string) => void): void {
  for (let at = 0; at + 1 < raw.length; at += 2) visit(raw[at] ?? '', raw[at + 1] ?? '')
}
