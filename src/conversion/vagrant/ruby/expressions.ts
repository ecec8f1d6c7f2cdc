import { readCalls } from './calls.ts'
import type { Expression } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** From the weakest to the strongest. */
const operators: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '=~', '!~', '===', '<=>'],
  ['<', '<=', '>', '>='],
  ['|', '^', '&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
  ['**'],
]

/** Operators and what they join, `a ? b : c` being the weakest. Source: Ruby, doc/syntax/precedence.rdoc. */
export function readExpression(reader: TokenReader): Expression {
  const condition = range(reader)
  if (!reader.take('?')) return condition
  reader.skipNewlines()
  const yes = reader.expression()
  reader.skipNewlines()
  reader.expect(':')
  reader.skipNewlines()
  return { type: 'choice', condition, yes, no: reader.expression() }
}

function range(reader: TokenReader): Expression {
  const from = binary(reader, 0)
  const exclusive = reader.take('...')
  if (!exclusive && !reader.take('..')) return from
  return { type: 'range', from, to: binary(reader, 0), exclusive }
}

function binary(reader: TokenReader, level: number): Expression {
  const signs = operators[level]
  if (signs === undefined) return unary(reader)
  let left = binary(reader, level + 1)
  for (;;) {
    const operator = signs.find((sign) => reader.take(sign))
    if (operator === undefined) return left
    reader.skipNewlines()
    left = { type: 'binary', operator, left, right: binary(reader, level + 1) }
  }
}

function unary(reader: TokenReader): Expression {
  if (reader.take('!')) return { type: 'not', of: reader.deeper(() => unary(reader)) }
  if (!reader.take('-')) return readCalls(reader)
  const left: Expression = { type: 'value', value: 0 }
  return { type: 'binary', operator: '-', left, right: reader.deeper(() => unary(reader)) }
}
