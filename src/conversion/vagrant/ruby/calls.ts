import { beginsArgument, readArguments } from './arguments.ts'
import type { Block, Call, Expression } from './syntax.ts'
import type { Token } from './token.ts'
import type { TokenReader } from './token-reader.ts'
import { readValue } from './values.ts'

/** The most that is called on one value: `a.b.c[1]` has three. */
const chainLimit = 200

/** A value and what is called on it, or a call of its own: `config.vm.define "web" do |web|`. */
export function readCalls(reader: TokenReader): Expression {
  let value = isName(reader.token) ? nameOrCall(reader, reader.token) : readValue(reader)
  for (let count = 0; count < chainLimit; count++) {
    if (continuesBelow(reader)) reader.skipNewlines()
    if (reader.take('.') || reader.take('&.') || reader.take('::')) value = member(reader, value)
    else if (reader.is('[') && !reader.token.spaced) value = index(reader, value)
    else return value
  }
  throw reader.unexpected()
}

type Name = Token & { type: 'name' | 'constant' }

function isName(token: Token): token is Name {
  return token.type === 'name' || token.type === 'constant'
}

/** A variable, a constant, or a method without arguments, unless there is more of a call. */
function nameOrCall(reader: TokenReader, name: Name): Expression {
  reader.at += 1
  const isCall = hasBracket(reader) || beginsArgument(reader, false) || (!reader.noDo && reader.is('do'))
  if (reader.known.has(name.text) || !isCall) return { type: 'name', name: name.text }
  return call(reader, null, name)
}

/** Whether `.method` follows in the next line. */
function continuesBelow({ tokens, at: start }: TokenReader): boolean {
  let at = start
  while (tokens[at]?.type === 'newline') at += 1
  const next = tokens[at]
  return at > start && next?.type === 'operator' && (next.text === '.' || next.text === '&.')
}

function member(reader: TokenReader, target: Expression): Expression {
  reader.skipNewlines()
  const { token } = reader
  if (!isName(token)) throw reader.unexpected()
  reader.at += 1
  return call(reader, target, token)
}

function index(reader: TokenReader, target: Expression): Expression {
  reader.at += 1
  return { type: 'index', target, key: reader.upTo(']', () => reader.expression()) }
}

/** Arguments and a block of a method whose name is read. A `{` behind arguments without brackets is not its block. */
function call(reader: TokenReader, target: Expression | null, { text: name, line }: Name): Call {
  const made: Call = { type: 'call', target, name, args: [], block: null, line }
  let braces = target !== null
  if (hasBracket(reader)) {
    reader.at += 1
    made.args = reader.upTo(')', () => readArguments(reader, ')'))
    braces = true
  } else if (beginsArgument(reader, target !== null)) {
    made.args = reader.withDo(false, () => readArguments(reader, null))
    braces = false
  }
  if (braces && reader.take('{')) made.block = block(reader, '}')
  else if (!reader.noDo && reader.take('do')) made.block = block(reader, 'end')
  return made
}

/** Whether a method's arguments stand in brackets. */
function hasBracket(reader: TokenReader): boolean {
  return reader.is('(') && !reader.token.spaced
}

function block(reader: TokenReader, close: '}' | 'end'): Block {
  return reader.deeper(() => {
    const params = parameters(reader)
    for (const name of params) reader.known.add(name)
    const body = reader.withDo(true, () => reader.statements([close]))
    reader.expect(close)
    return { params, body }
  })
}

/** `|name, (key, value)|`. */
function parameters(reader: TokenReader): string[] {
  const params: string[] = []
  if (reader.take('||') || !reader.take('|')) return params
  while (!reader.take('|')) {
    const { token } = reader
    if (token.type === 'name') params.push(token.text)
    else if (!reader.is('(', ')', ',', '*')) throw reader.unexpected()
    reader.at += 1
  }
  return params
}
