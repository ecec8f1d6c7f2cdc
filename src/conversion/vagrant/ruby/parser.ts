import { tokenize } from './lexer.ts'
import { skipStatement } from './skip.ts'
import type { Block, Call, Expression, Statement } from './syntax.ts'
import { NotUnderstood, type Token } from './token.ts'

/** How deep calls, blocks, brackets and texts may be in each other. */
const depthLimit = 60

/**
 * The statements of a Vagrantfile, in the part of Ruby that one needs for settings. What is not of that part becomes a
 * statement that is skipped. Throws NotUnderstood where not even its tokens can be read.
 */
export function parseRuby(source: string): Statement[] {
  return new Parser(tokenize(source), 0).statements([])
}

const conditional = 'whether it counts is known only when the file is run'
const constructs: Record<string, string> = {
  if: conditional,
  unless: conditional,
  case: conditional,
  while: 'how often it counts is known only when the file is run',
  until: 'how often it counts is known only when the file is run',
  for: 'use .each for a loop that can be followed',
  begin: conditional,
  def: 'methods are not followed',
  class: 'classes are not followed',
  module: 'modules are not followed',
}

/** From the weakest to the strongest. */
const binary: readonly (readonly string[])[] = [
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

const assignments = ['=', '||=', '&&=', '+=', '-=', '*=', '/=', '%=', '<<=', '>>=', '**=']

class Parser {
  readonly #tokens: readonly Token[]
  /** Local variables, which take no arguments. */
  readonly #known = new Set<string>()
  #at = 0
  #depth: number
  /** Whether a `do` belongs to the call around. */
  #noDo = false

  constructor(tokens: readonly Token[], depth: number) {
    this.#tokens = tokens
    this.#depth = depth
  }

  /** Up to one of these keywords or brackets, which is not taken. */
  statements(until: readonly string[]): Statement[] {
    const found: Statement[] = []
    for (;;) {
      while (this.#token.type === 'newline' || this.#is(';')) this.#at += 1
      if (this.#token.type === 'end' || until.some((word) => this.#is(word))) return found
      found.push(this.#statement())
    }
  }

  expression(): Expression {
    return this.#deeper(() => this.#ternary())
  }

  isDone(): boolean {
    while (this.#token.type === 'newline') this.#at += 1
    return this.#token.type === 'end'
  }

  #statement(): Statement {
    const start = this.#at
    const { line } = this.#token
    const reason = this.#token.type === 'keyword' ? constructs[this.#token.text] : undefined
    try {
      if (reason === undefined) return this.#simple(line)
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
    }
    const { end, assigned } = skipStatement(this.#tokens, start)
    this.#at = end
    for (const name of assigned) this.#known.add(name)
    return {
      type: 'skipped',
      line,
      assigned,
      why: reason ?? 'it is not a setting that can be read without running it',
    }
  }

  #simple(line: number): Statement {
    const noDo = this.#noDo
    this.#noDo = false
    const target = this.expression()
    const operator = this.#token.type === 'operator' ? this.#token.text : ''
    let made: Statement = { type: 'expression', line, expression: target }
    if (assignments.includes(operator)) {
      if (target.type === 'call' && target.args.length > 0) throw this.#unexpected()
      this.#at += 1
      this.#skipNewlines()
      if (target.type === 'name') this.#known.add(target.name)
      made = { type: 'assign', line, target, operator, value: this.expression() }
    }
    this.#noDo = noDo
    // A condition behind it, a second value, anything else: all of it is skipped then.
    if (this.#token.type !== 'newline' && !['end', '}', ';'].some((word) => this.#is(word)))
      throw this.#unexpected()
    return made
  }

  #ternary(): Expression {
    const condition = this.#range()
    if (!this.#take('?')) return condition
    this.#skipNewlines()
    const yes = this.#deeper(() => this.#ternary())
    this.#skipNewlines()
    this.#expect(':')
    this.#skipNewlines()
    return { type: 'choice', condition, yes, no: this.#deeper(() => this.#ternary()) }
  }

  #range(): Expression {
    const from = this.#binary(0)
    const exclusive = this.#is('...')
    if (!exclusive && !this.#is('..')) return from
    this.#at += 1
    return { type: 'range', from, to: this.#binary(0), exclusive }
  }

  #binary(level: number): Expression {
    const operators = binary[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    while (this.#token.type === 'operator' && operators.includes(this.#token.text)) {
      const operator = this.#token.text
      this.#at += 1
      this.#skipNewlines()
      left = { type: 'binary', operator, left, right: this.#binary(level + 1) }
    }
    return left
  }

  #unary(): Expression {
    if (this.#take('!')) return { type: 'not', of: this.#deeper(() => this.#unary()) }
    if (!this.#take('-')) return this.#postfix()
    const left: Expression = { type: 'value', value: 0 }
    return { type: 'binary', operator: '-', left, right: this.#deeper(() => this.#unary()) }
  }

  /** A value and what is called on it. */
  #postfix(): Expression {
    let value = this.#primary()
    for (let count = 0; count < 200; count++) {
      if (this.#continuesBelow()) this.#skipNewlines()
      if (this.#take('.') || this.#take('&.') || this.#take('::')) value = this.#member(value)
      else if (this.#is('[') && !this.#token.spaced) value = this.#index(value)
      else return value
    }
    throw this.#unexpected()
  }

  /** Whether `.method` follows in the next line. */
  #continuesBelow(): boolean {
    let at = this.#at
    while (this.#tokens[at]?.type === 'newline') at += 1
    const next = this.#tokens[at]
    return at > this.#at && next?.type === 'operator' && (next.text === '.' || next.text === '&.')
  }

  #member(target: Expression): Expression {
    this.#skipNewlines()
    const token = this.#token
    if (token.type !== 'name' && token.type !== 'constant') throw this.#unexpected()
    this.#at += 1
    return this.#call(target, token.text, token.line)
  }

  #index(target: Expression): Expression {
    this.#at += 1
    const key = this.#inBrackets(() => this.expression())
    this.#expect(']')
    return { type: 'index', target, key }
  }

  #call(target: Expression | null, name: string, line: number): Call {
    const call: Call = { type: 'call', target, name, args: [], block: null, line }
    let braces = target !== null
    if (this.#is('(') && !this.#token.spaced) {
      this.#at += 1
      call.args = this.#inBrackets(() => this.#arguments(')'))
      this.#expect(')')
      braces = true
    } else if (this.#beginsArgument(target !== null)) {
      const noDo = this.#noDo
      this.#noDo = true
      call.args = this.#arguments(null)
      this.#noDo = noDo
      braces = false
    }
    if (braces && this.#is('{')) call.block = this.#block('}')
    else if (!this.#noDo && this.#is('do')) call.block = this.#block('end')
    return call
  }

  #beginsArgument(isMember: boolean): boolean {
    const token = this.#token
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

  #arguments(close: string | null): Expression[] {
    const args: Expression[] = []
    const named: [Expression, Expression][] = []
    const skip = () => {
      if (close !== null) this.#skipNewlines()
    }
    for (skip(); close === null || !this.#is(close); skip()) {
      const pair = this.#pair()
      if (Array.isArray(pair)) named.push(pair)
      else args.push(pair)
      skip()
      if (!this.#take(',')) break
      this.#skipNewlines()
    }
    return named.length === 0 ? args : [...args, { type: 'hash', entries: named }]
  }

  /** `key: value`, `key => value`, or a value. */
  #pair(): [Expression, Expression] | Expression {
    const token = this.#token
    if (token.type === 'label') {
      this.#at += 1
      this.#skipNewlines()
      return [{ type: 'value', value: token.text }, this.expression()]
    }
    const value = this.expression()
    if (!this.#take('=>')) return value
    this.#skipNewlines()
    return [value, this.expression()]
  }

  #block(close: '}' | 'end'): Block {
    this.#at += 1
    return this.#deeper(() => {
      const params: string[] = []
      if (this.#take('||')) params.push()
      else if (this.#take('|')) {
        while (!this.#take('|')) {
          const token = this.#token
          if (token.type === 'name') params.push(token.text)
          else if (!['(', ')', ',', '*'].some((sign) => this.#is(sign))) throw this.#unexpected()
          this.#at += 1
        }
      }
      for (const name of params) this.#known.add(name)
      const noDo = this.#noDo
      this.#noDo = false
      const body = this.statements([close])
      this.#noDo = noDo
      this.#expect(close)
      return { params, body }
    })
  }

  #primary(): Expression {
    const token = this.#token
    this.#at += 1
    switch (token.type) {
      case 'number':
      case 'symbol':
        return { type: 'value', value: token.type === 'number' ? token.value : token.text }
      case 'words':
        return { type: 'list', items: token.items.map((value) => ({ type: 'value', value })) }
      case 'text':
        return this.#text(token)
      case 'opaque':
        return { type: 'opaque', text: token.text }
      case 'variable':
        return { type: 'name', name: token.text }
      case 'constant':
      case 'name':
        return this.#name(token.text, token.line)
      case 'keyword':
        if (token.text === 'true' || token.text === 'false')
          return { type: 'value', value: token.text === 'true' }
        if (token.text === 'nil') return { type: 'value', value: null }
        if (token.text === 'self') return { type: 'name', name: 'self' }
        break
      case 'operator':
        return this.#bracket(token.text)
    }
    this.#at -= 1
    throw this.#unexpected()
  }

  #name(name: string, line: number): Expression {
    const isCall =
      (this.#is('(') && !this.#token.spaced) || this.#beginsArgument(false) || (!this.#noDo && this.#is('do'))
    if (this.#known.has(name) || !isCall) return { type: 'name', name }
    return this.#call(null, name, line)
  }

  #bracket(sign: string): Expression {
    if (sign === '(') {
      const inner = this.#inBrackets(() => this.expression())
      this.#expect(')')
      return inner
    }
    if (sign === '[') {
      const items = this.#inBrackets(() => this.#arguments(']'))
      this.#expect(']')
      return { type: 'list', items }
    }
    if (sign === '{') {
      const [hash] = this.#inBrackets(() => this.#arguments('}'))
      this.#expect('}')
      if (hash === undefined) return { type: 'hash', entries: [] }
      if (hash.type === 'hash') return hash
    }
    this.#at -= 1
    throw this.#unexpected()
  }

  /** Texts beside each other are one. */
  #text(first: Token & { type: 'text' }): Expression {
    const parts = [...first.parts]
    for (let next = this.#token; next.type === 'text'; next = this.#token) {
      parts.push(...next.parts)
      this.#at += 1
    }
    const read = parts.map((part) => (typeof part === 'string' ? part : this.#code(part.code, part.line)))
    return { type: 'text', parts: read }
  }

  #code(code: string, line: number): Expression {
    return this.#deeper(() => {
      const inner = new Parser(tokenize(code, line), this.#depth)
      for (const name of this.#known) inner.#known.add(name)
      const expression = inner.expression()
      if (!inner.isDone()) throw this.#unexpected()
      return expression
    })
  }

  #inBrackets<T>(read: () => T): T {
    const noDo = this.#noDo
    this.#noDo = false
    this.#skipNewlines()
    const made = this.#deeper(read)
    this.#skipNewlines()
    this.#noDo = noDo
    return made
  }

  #deeper<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > depthLimit) throw this.#unexpected()
    try {
      return read()
    } finally {
      this.#depth -= 1
    }
  }

  get #token(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]
    if (token === undefined) throw new NotUnderstood(1, 'an empty file')
    return token
  }

  #is(word: string): boolean {
    const token = this.#token
    return (token.type === 'operator' || token.type === 'keyword') && token.text === word
  }

  #take(word: string): boolean {
    if (!this.#is(word)) return false
    this.#at += 1
    return true
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw this.#unexpected()
  }

  #skipNewlines(): void {
    while (this.#token.type === 'newline') this.#at += 1
  }

  #unexpected(): NotUnderstood {
    return new NotUnderstood(this.#token.line, 'something unexpected')
  }
}
