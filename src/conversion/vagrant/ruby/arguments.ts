import type { Expression } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/**
 * What stands with commas between it, up to a closing bracket, or as far as it goes: arguments, items of a list,
 * entries of a hash. All `key: value` and `key => value` of it are one hash, which is the last.
 */
export function readArguments(reader: TokenReader, close: string | null): Expression[] {
  const args: Expression[] = []
  const named: [Expression, Expression][] = []
  const skip = () => {
    if (close !== null) reader.skipNewlines()
  }
  for (skip(); close === null || !reader.is(close); skip()) {
    const label = readLabel(reader)
    const value = label ?? reader.expression()
    if (label === undefined && !reader.take('=>')) args.push(value)
    else {
      reader.skipNewlines()
      named.push([value, reader.expression()])
    }
    skip()
    if (!reader.take(',')) break
    reader.skipNewlines()
  }
  return named.length === 0 ? args : [...args, { type: 'hash', entries: named }]
}

function readLabel(reader: TokenReader): Expression | undefined {
  const { token } = reader
  if (token.type !== 'label') return undefined
  reader.at += 1
  return { type: 'value', value: token.text }
}

/** Whether an argument without brackets begins here; `[` behind a variable is its index. */
export function beginsArgument({ token }: TokenReader, isMember: boolean): boolean {
  if (!token.spaced) return false
  switch (token.type) {
    case 'newline':
    case 'end':
      return false
    case 'keyword':
      return ['true', 'false', 'nil', 'self'].includes(token.text)
    case 'operator':
      return (token.text === '[' && isMember) || token.text === '->'
    default:
      return true
  }
}
