import { NotUnderstood, type TextPart } from './token.ts'

const closing: Record<string, string> = { '(': ')', '[': ']', '{': '}', '<': '>' }

export interface Literal {
  parts: TextPart[]
  /** Behind the closing quote. */
  end: number
}

interface Opened {
  source: string
  /** Behind the opening quote. */
  at: number
  open: string
  /** Whether escapes and `#{}` count. */
  rich: boolean
  line: number
}

/** A text in quotes of any kind: `'…'`, `"…"`, `%q(…)`, `%(…)`. Source: Ruby, doc/syntax/literals.rdoc. */
export function readLiteral({ source, at, open, rich, line }: Opened): Literal {
  const close = closing[open] ?? open
  let depth = 0
  for (let end = at; end < source.length; end++) {
    const character = source[end]
    if (character === '\\') end += 1
    else if (rich && character === '#' && source[end + 1] === '{') end = skipCode(source, end + 2, line) - 1
    else if (character === close && depth === 0) {
      const raw = source.slice(at, end)
      return { parts: rich ? richParts(raw, line) : [plainText(raw, close)], end: end + 1 }
    } else if (character === close) depth -= 1
    else if (character === open && open !== close) depth += 1
  }
  throw new NotUnderstood(line, 'a string that is not closed')
}

/** Only the quote and the backslash are escaped there. */
function plainText(raw: string, close: string): string {
  return raw.replace(/\\([\s\S])/g, (whole, next: string) => (next === '\\' || next === close ? next : whole))
}

/** The text of double quotes or of a heredoc, with what is put into it. */
export function richParts(raw: string, line: number): TextPart[] {
  const parts: TextPart[] = []
  let from = 0
  const push = (end: number) => parts.push(unescaped(raw.slice(from, end)))
  for (let at = 0; at < raw.length; at++) {
    if (raw[at] === '\\') at += 1
    else if (raw[at] === '#' && raw[at + 1] === '{') {
      push(at)
      from = skipCode(raw, at + 2, line)
      parts.push({ code: raw.slice(at + 2, from - 1), line })
      at = from - 1
    }
  }
  push(raw.length)
  return parts.filter((part) => part !== '')
}

/** The offset behind the brace that closes `#{`; braces and quotes inside are counted. */
function skipCode(source: string, at: number, line: number): number {
  let depth = 0
  for (let end = at; end < source.length; end++) {
    const character = source[end] ?? ''
    if (character === '"' || character === "'") {
      const closed = closingQuote(source, end + 1, character)
      if (closed < 0) break
      end = closed
    } else if (character === '{') depth += 1
    else if (character === '}' && depth === 0) return end + 1
    else if (character === '}') depth -= 1
  }
  throw new NotUnderstood(line, 'a string whose #{ is not closed')
}

function closingQuote(source: string, at: number, quote: string): number {
  for (let end = at; end < source.length; end++) {
    if (source[end] === '\\') end += 1
    else if (source[end] === quote) return end
  }
  return -1
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  s: ' ',
  e: '\x1b',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  0: '\0',
  '\n': '',
}

function unescaped(raw: string): string {
  const pattern = /\\(?:u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{1,2}|[\s\S])/g
  return raw.replace(pattern, (sequence) => {
    const code = Number.parseInt(/^\\[ux]\{?([0-9a-fA-F]+)/.exec(sequence)?.[1] ?? '', 16)
    if (Number.isNaN(code)) return escapes[sequence[1] ?? ''] ?? sequence.slice(1)
    return code > 0x10ffff ? '' : String.fromCodePoint(code)
  })
}

/** A heredoc's lines without the white space that they all begin with. */
export function dedent(body: string): string {
  const lines = body.split('\n')
  const indents = lines
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length)
  const common = indents.reduce((least, indent) => Math.min(least, indent), Number.POSITIVE_INFINITY)
  return lines.map((line) => line.slice(Math.min(common, line.length - line.trimStart().length))).join('\n')
}
