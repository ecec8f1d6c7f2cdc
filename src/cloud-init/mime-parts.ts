/** A part of a message; `type` is in lower case, and empty where none is given. */
export interface MimePart {
  type: string
  text: string
}

/** Bounds on what a message may hold; what is beyond them is left out. */
const limits = { parts: 1000, depth: 8 }

/**
 * The parts of a MIME message that are not messages themselves, in order. Lenient as Python's parser is, by which
 * cloud-init reads them: what makes no sense is text. Source: RFC 2045, RFC 2046, section 5.1.
 */
export function mimeParts(text: string, depth = 0): MimePart[] {
  const { headers, body } = split(text.replaceAll('\r\n', '\n'))
  const [, type = ''] = /^\s*([^\s;]+)/.exec(headers.get('content-type') ?? '') ?? []
  const lower = type.toLowerCase()
  const boundary = boundaryOf(headers.get('content-type') ?? '')
  if (!lower.startsWith('multipart/') || boundary === undefined || depth >= limits.depth)
    return [{ type: lower, text: decoded(body, headers.get('content-transfer-encoding') ?? '') }]
  return bodies(body, boundary)
    .flatMap((part) => mimeParts(part, depth + 1))
    .slice(0, limits.parts)
}

/** Headers by names in lower case, folded lines joined. */
function split(text: string): { headers: Map<string, string>; body: string } {
  const headers = new Map<string, string>()
  const lines = text.split('\n')
  let last = ''
  let count = 0
  for (const line of lines) {
    const at = line.search(/[:\s]/)
    if (at > 0 && line[at] === ':') {
      last = line.slice(0, at).toLowerCase()
      headers.set(last, line.slice(at + 1).trim())
    } else if (/^[ \t]/.test(line) && last !== '') headers.set(last, `${headers.get(last)} ${line.trim()}`)
    else break
    count += 1
  }
  return { headers, body: lines.slice(lines[count] === '' ? count + 1 : count).join('\n') }
}

function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? []
  return quoted ?? plain
}

/** What stands between the lines `--boundary`, until `--boundary--`. */
function bodies(text: string, boundary: string): string[] {
  const found: string[] = []
  let current: string[] | null = null
  for (const line of text.split('\n')) {
    const end = line.trimEnd()
    if (end !== `--${boundary}` && end !== `--${boundary}--`) current?.push(line)
    else {
      if (current !== null) found.push(current.join('\n'))
      current = []
      if (end.endsWith('--') && end !== `--${boundary}`) return found
    }
  }
  // The last part of a message that was cut short counts as well.
  return current === null ? found : [...found, current.join('\n')]
}

function decoded(body: string, encoding: string): string {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('utf8')
    case 'quoted-printable':
      return fromQuotedPrintable(body)
    default:
      return body
  }
}

/** RFC 2045, section 6.7. */
function fromQuotedPrintable(body: string): string {
  const bytes = body
    .replace(/=[ \t]*\n/g, '')
    .replace(/=([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return /[^\0-\xff]/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')
}
