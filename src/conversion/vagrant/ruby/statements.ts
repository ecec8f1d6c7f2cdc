import { readExpression } from './expressions.ts'
import { tokenize } from './lexer.ts'
import { skipStatement } from './skip.ts'
import type { Statement } from './syntax.ts'
import { NotUnderstood } from './token.ts'
import { TokenReader } from './token-reader.ts'

/**
 * The statements of a Vagrantfile, in the part of Ruby that one needs for settings. What is not of that part becomes a
 * statement that is skipped. Throws NotUnderstood where not even its tokens can be read.
 */
export function parseRuby(source: string): Statement[] {
  const grammar = { expression: readExpression, statements: readStatements }
  return new TokenReader(tokenize(source), grammar).statements([])
}

const conditional = 'whether it applies is known only when the file is run'
const constructs: Record<string, string> = {
  if: conditional,
  unless: conditional,
  case: conditional,
  while: 'how often it runs is known only when the file is run',
  until: 'how often it runs is known only when the file is run',
  for: 'use .each for a loop that can be followed',
  begin: conditional,
  def: 'methods are not followed',
  class: 'classes are not followed',
  module: 'modules are not followed',
}

const assignments = ['=', '||=', '&&=', '+=', '-=', '*=', '/=', '%=', '<<=', '>>=', '**=']

function readStatements(reader: TokenReader, until: readonly string[]): Statement[] {
  const found: Statement[] = []
  for (;;) {
    while (reader.token.type === 'newline' || reader.is(';')) reader.at += 1
    if (reader.token.type === 'end' || reader.is(...until)) return found
    found.push(readStatement(reader))
  }
}

function readStatement(reader: TokenReader): Statement {
  const { at: start, token } = reader
  const { line } = token
  const reason = token.type === 'keyword' ? constructs[token.text] : undefined
  try {
    if (reason === undefined) return reader.withDo(true, () => simpleStatement(reader, line))
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
  }
  const { end, assigned } = skipStatement(reader.tokens, start)
  reader.at = end
  for (const name of assigned) reader.known.add(name)
  const why = reason ?? 'it is not a setting that can be read without running it'
  return { type: 'skipped', line, assigned, why }
}

/** An expression or an assignment. */
function simpleStatement(reader: TokenReader, line: number): Statement {
  const target = reader.expression()
  const operator = assignments.find((sign) => reader.is(sign))
  let made: Statement = { type: 'expression', line, expression: target }
  if (operator !== undefined) {
    if (target.type === 'call' && target.args.length > 0) throw reader.unexpected()
    reader.at += 1
    reader.skipNewlines()
    if (target.type === 'name') reader.known.add(target.name)
    made = { type: 'assign', line, target, operator, value: reader.expression() }
  }
  // A condition behind it, a second value, anything else: all of it is skipped then.
  if (reader.token.type !== 'newline' && !reader.is('end', '}', ';')) throw reader.unexpected()
  return made
}
