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

function eachField(raw: readonly string[], visit: (name: string, value: string) => void): void {
  for (let at = 0; at + 1 < raw.length; at += 2) visit(raw[at] ?? '', raw[at + 1] ?? '')
}
