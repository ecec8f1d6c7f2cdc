import { readArguments } from './arguments.ts'
import { tokenize } from './lexer.ts'
import type { Expression } from './syntax.ts'
import type { TextPart, Token } from './token.ts'
import type { TokenReader } from './token-reader.ts'

/** A literal, a list, a hash, a variable that begins with `@` or `$`, or an expression in brackets. */
export function readValue(reader: TokenReader): Expression {
  const { token } = reader
  reader.at += 1
  switch (token.type) {
    case 'number':
      return { type: 'value', value: token.value }
    case 'symbol':
      return { type: 'value', value: token.text }
    case 'words':
      return { type: 'list', items: token.items.map((value) => ({ type: 'value', value })) }
    case 'text':
      return text(reader, token)
    case 'opaque':
      return { type: 'opaque', text: token.text }
    case 'variable':
      return { type: 'name', name: token.text }
    case 'keyword':
      if (token.text === 'self') return { type: 'name', name: 'self' }
      if (constants.has(token.text)) return { type: 'value', value: constants.get(token.text) ?? null }
      break
    case 'operator':
      return inBrackets(reader, token.text)
  }
  throw reader.unexpected()
}

const constants = new Map([
  ['true', true],
  ['false', false],
  ['nil', null],
])

function inBrackets(reader: TokenReader, open: string): Expression {
  if (open === '(') return reader.upTo(')', () => reader.expression())
  if (open === '[') return { type: 'list', items: reader.upTo(']', () => readArguments(reader, ']')) }
  if (open !== '{') throw reader.unexpected()
  const [hash = { type: 'hash', entries: [] }] = reader.upTo('}', () => readArguments(reader, '}'))
  if (hash.type !== 'hash') throw reader.unexpected()
  return hash
}

/** Texts beside each other are one. */
function text(reader: TokenReader, first: Token & { type: 'text' }): Expression {
  const parts = [...first.parts]
  for (let next = reader.token; next.type === 'text'; next = reader.token) {
    parts.push(...next.parts)
    reader.at += 1
  }
  return { type: 'text', parts: parts.map((part) => (typeof part === 'string' ? part : code(reader, part))) }
}

/** What stands in `#{…}`. */
function code(reader: TokenReader, { code, line }: Exclude<TextPart, string>): Expression {
  return reader.deeper(() => {
    const inner = reader.inside(tokenize(code, line))
    const expression = inner.expression()
    inner.skipNewlines()
    if (inner.token.type !== 'end') throw reader.unexpected()
    return expression
  })
}
