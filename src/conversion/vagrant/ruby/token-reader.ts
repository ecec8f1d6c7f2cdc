import type { Expression, Statement } from './syntax.ts'
import { NotUnderstood, type Token } from './token.ts'

/** How deep calls, blocks, brackets and texts may be in each other. */
const depthLimit = 60

/** What is read inside of anything else: handed over, as each kind of syntax may hold every other. */
interface Grammar {
  expression(reader: TokenReader): Expression
  statements(reader: TokenReader, until: readonly string[]): Statement[]
}

/** The tokens of Ruby code, and how far they are read. */
export class TokenReader {
  at = 0
  /** Whether a `do` belongs to the call around. */
  noDo = false
  /** Local variables, which take no arguments. */
  readonly known: Set<string>
  readonly tokens: readonly Token[]
  readonly #grammar: Grammar
  #depth: number

  constructor(tokens: readonly Token[], grammar: Grammar, around?: TokenReader) {
    this.tokens = tokens
    this.#grammar = grammar
    this.known = new Set(around?.known)
    this.#depth = around === undefined ? 0 : around.#depth
  }

  /** A reader of code inside of a text. */
  inside(tokens: readonly Token[]): TokenReader {
    return new TokenReader(tokens, this.#grammar, this)
  }

  expression(): Expression {
    return this.deeper(() => this.#grammar.expression(this))
  }

  /** Up to one of these keywords or brackets, which is not taken. */
  statements(until: readonly string[]): Statement[] {
    return this.#grammar.statements(this, until)
  }

  get token(): Token {
    const token = this.tokens[Math.min(this.at, this.tokens.length - 1)]
    if (token === undefined) throw new NotUnderstood(1, 'nothing in it')
    return token
  }

  is(...words: readonly string[]): boolean {
    const { token } = this
    return (token.type === 'operator' || token.type === 'keyword') && words.includes(token.text)
  }

  take(word: string): boolean {
    if (!this.is(word)) return false
    this.at += 1
    return true
  }

  expect(word: string): void {
    if (!this.take(word)) throw this.unexpected()
  }

  skipNewlines(): void {
    while (this.token.type === 'newline') this.at += 1
  }

  /** What stands up to a closing bracket, which is taken. */
  upTo<T>(close: string, read: () => T): T {
    return this.withDo(true, () => {
      this.skipNewlines()
      const made = this.deeper(read)
      this.skipNewlines()
      this.expect(close)
      return made
    })
  }

  /** Reads with a `do` belonging to what is read, or to the call around. */
  withDo<T>(isOwn: boolean, read: () => T): T {
    const { noDo } = this
    this.noDo = !isOwn
    try {
      return read()
    } finally {
      this.noDo = noDo
    }
  }

  deeper<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > depthLimit) throw this.unexpected()
    try {
      return read()
    } finally {
      this.#depth -= 1
    }
  }

  unexpected(): NotUnderstood {
    return new NotUnderstood(this.token.line, 'something unexpected')
  }
}
