import { dedent, readLiteral, richParts } from './text-literal.ts'
import { keywords, NotUnderstood, type TextPart, type Token } from './token.ts'

/** More than any Vagrantfile that a person wrote. */
const tokenLimit = 50_000

/**
 * The tokens of Ruby code, heredocs put where they begin. Nothing is run. Throws NotUnderstood where a text is not
 * closed, or there are too many tokens. Source: Ruby, doc/syntax/literals.rdoc.
 */
export function tokenize(source: string, line = 1): Token[] {
  return new Lexer(source, line).all()
}

interface Heredoc {
  tag: string
  rich: boolean
  indented: boolean
  parts: TextPart[]
  line: number
}

const operator =
  /(?:\*\*=|<=>|===|\|\|=|&&=|<<=|>>=|\.\.\.|\.\.|::|=>|->|==|=~|!=|!~|>=|<=|&&|\|\||<<|>>|\+=|-=|\*=|\/=|%=|&\.|\*\*|[-+*/%=<>!&|^~?:,.;(){}[\]])/y
const number = /(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d[\d_]*)?)/y
const name = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y
const variable = /(?:\$[\w!@&*~?/]\w*|@{1,2}[A-Za-z_]\w*)/y
const heredoc = /<<([-~]?)(?:(["'])([A-Za-z_]\w*)\2|([A-Z_]\w*|(?<=<<[-~])[a-z_]\w*))/y
const percent = /%([qQwWiIxr]?)([([{<|!/])/y

class Lexer {
  readonly #source: string
  readonly #tokens: Token[] = []
  #line: number
  #at = 0
  #spaced = false
  #heredocs: Heredoc[] = []

  constructor(source: string, line: number) {
    this.#source = source
    this.#line = line
  }

  all(): Token[] {
    while (this.#at < this.#source.length) {
      this.#spaced = this.#skipBlanks()
      if (this.#at >= this.#source.length || /^__END__\r?$/m.test(this.#wordAtLineStart())) break
      this.#next()
      if (this.#tokens.length > tokenLimit) throw new NotUnderstood(this.#line, 'a file with too many parts')
    }
    if (this.#heredocs.length > 0) throw new NotUnderstood(this.#line, 'a text that is not closed')
    this.#push({ type: 'newline' })
    this.#push({ type: 'end' })
    return this.#tokens
  }

  #wordAtLineStart(): string {
    const isStart = this.#at === 0 || this.#source[this.#at - 1] === '\n'
    return isStart ? (this.#source.slice(this.#at, this.#at + 8).split('\n', 1)[0] ?? '') : ''
  }

  /** Blanks, comments and continued lines; whether there were any. */
  #skipBlanks(): boolean {
    const start = this.#at
    for (;;) {
      const blank = this.#match(/(?:[ \t\r\f\v]|\\\r?\n|#[^\n]*)+/y)
      if (blank !== undefined) this.#line += count(blank)
      const block = this.#wordAtLineStart().startsWith('=begin')
        ? this.#match(/=begin\b[\s\S]*?(?:\n=end[^\n]*|$)/y)
        : undefined
      if (block !== undefined) this.#line += count(block)
      if (blank === undefined && block === undefined) return this.#at > start
    }
  }

  #next() {
    const line = this.#line
    const character = this.#source[this.#at] ?? ''
    if (character === '\n') {
      this.#at += 1
      this.#push({ type: 'newline' })
      this.#line += 1
      this.#readHeredocs()
      return
    }
    if (character === '"' || character === "'") return this.#text(character, 1, character === '"')
    if (character === '`') return this.#opaque('`', 1)
    if (this.#isValueExpected()) {
      if (this.#heredoc()) return
      const literal = this.#matchAll(percent)
      if (literal !== undefined) return this.#percent(literal)
      if (character === '/') return this.#opaque('/', 1)
    }
    const digits = this.#match(number)
    if (digits !== undefined) return this.#push({ type: 'number', value: Number(digits.replaceAll('_', '')) })
    const global = this.#match(variable)
    if (global !== undefined) return this.#push({ type: 'variable', text: global })
    if (/^:["']/.test(this.#source.slice(this.#at, this.#at + 2)))
      return this.#text(this.#source[this.#at + 1] ?? '', 2, false)
    const symbol =
      this.#previous()?.type === 'name' && !this.#spaced ? undefined : this.#match(/:[A-Za-z_]\w*[?!]?/y)
    if (symbol !== undefined) return this.#push({ type: 'symbol', text: symbol.slice(1) })
    const word = this.#match(name)
    if (word !== undefined) return this.#word(word)
    const sign = this.#match(operator)
    if (sign === undefined) throw new NotUnderstood(line, `the character ${JSON.stringify(character)}`)
    this.#push({ type: 'operator', text: sign })
  }

  /** `guest: 80` has a label, `a ? b : c` none. */
  #word(word: string) {
    if (/^[?!](?!=)/.test(this.#source.slice(this.#at, this.#at + 2))) {
      word += this.#source[this.#at]
      this.#at += 1
    }
    const isLabel = /^:(?!:)/.test(this.#source.slice(this.#at, this.#at + 2))
    if (isLabel && !this.#isMember()) {
      this.#at += 1
      return this.#push({ type: 'label', text: word })
    }
    if (keywords.has(word) && !this.#isMember()) return this.#push({ type: 'keyword', text: word })
    this.#push({ type: /^[A-Z]/.test(word) ? 'constant' : 'name', text: word })
  }

  #text(quote: string, skip: number, rich: boolean) {
    const line = this.#line
    const start = this.#at
    const { parts, end } = readLiteral({ source: this.#source, at: start + skip, open: quote, rich, line })
    this.#at = end
    this.#line += count(this.#source.slice(start, end))
    const isLabel = skip === 1 && /^:(?!:)[\s]/.test(this.#source.slice(end, end + 2)) && parts.length < 2
    const [only = ''] = parts
    if (isLabel && typeof only === 'string') {
      this.#at += 1
      this.#tokens.push({ type: 'label', text: only, line, spaced: this.#spaced })
    } else this.#tokens.push({ type: 'text', parts, line, spaced: this.#spaced })
  }

  #opaque(quote: string, skip: number) {
    const [start, line] = [this.#at, this.#line]
    const { end } = readLiteral({ source: this.#source, at: start + skip, open: quote, rich: true, line })
    const text = this.#source.slice(start, end)
    this.#at = end
    this.#line += count(text)
    if (quote === '/') this.#match(/[imxounse]+/y)
    this.#tokens.push({ type: 'opaque', text, line, spaced: this.#spaced })
  }

  #percent([whole, kind = '', quote = '']: readonly (string | undefined)[]) {
    const skip = whole?.length ?? 0
    this.#at -= skip
    if (kind === 'x' || kind === 'r') return this.#opaque(quote, skip)
    if (!/[wWiI]/.test(kind)) return this.#text(quote, skip, kind !== 'q')
    const [start, line] = [this.#at, this.#line]
    const { parts, end } = readLiteral({
      source: this.#source,
      at: start + skip,
      open: quote,
      rich: false,
      line,
    })
    this.#at = end
    this.#line += count(this.#source.slice(start, end))
    const items = String(parts[0] ?? '')
      .split(/\s+/)
      .filter((item) => item !== '')
    this.#tokens.push({ type: 'words', items, line, spaced: this.#spaced })
  }

  #heredoc(): boolean {
    const found = this.#matchAll(heredoc)
    if (found === undefined) return false
    const [, dash = '', quote, quoted, bare] = found
    const parts: TextPart[] = []
    const tag = quoted ?? bare ?? ''
    this.#heredocs.push({ tag, rich: quote !== "'", indented: dash !== '', parts, line: this.#line })
    this.#push({ type: 'text', parts })
    return true
  }

  /** The bodies of the heredocs that the line before began. */
  #readHeredocs(): void {
    for (const { tag, rich, indented, parts, line } of this.#heredocs) {
      const end = new RegExp(indented ? `^[ \\t]*${tag}\\r?$` : `^${tag}\\r?$`, 'm')
      const rest = this.#source.slice(this.#at)
      const match = end.exec(rest)
      if (match === null) throw new NotUnderstood(line, `a text that ${tag} does not close`)
      const body = dedent(rest.slice(0, match.index).replaceAll('\r\n', '\n'))
      parts.push(...(rich ? richParts(body, this.#line) : [body]))
      const length = match.index + match[0].length
      this.#line += count(rest.slice(0, length))
      this.#at += length
      if (this.#source[this.#at] === '\n') {
        this.#at += 1
        this.#line += 1
      }
    }
    this.#heredocs = []
  }

  /** Whether a `/`, `%` or `<<` begins a value rather than joins two. */
  #isValueExpected(): boolean {
    const previous = this.#previous()
    if (previous === undefined) return true
    const next = this.#source[this.#at + 1] ?? ''
    switch (previous.type) {
      case 'operator':
        return !/^[)\]}]$/.test(previous.text)
      case 'name':
        return this.#spaced && !/[\s=]/.test(next)
      case 'constant':
      case 'variable':
      case 'number':
      case 'text':
      case 'words':
      case 'symbol':
      case 'opaque':
        return false
      default:
        return true
    }
  }

  /** Whether what comes is called on something: `config.vm.define`. */
  #isMember(): boolean {
    const previous = this.#previous()
    return previous?.type === 'operator' && (previous.text === '.' || previous.text === '&.')
  }

  #previous(): Token | undefined {
    return this.#tokens.at(-1)
  }

  #match(pattern: RegExp): string | undefined {
    return this.#matchAll(pattern)?.[0]
  }

  #matchAll(pattern: RegExp): readonly (string | undefined)[] | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#source)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  #push(token: TokenBody): void {
    this.#tokens.push({ ...token, line: this.#line, spaced: this.#spaced } as Token)
  }
}

type TokenBody = Token extends infer T ? (T extends Token ? Omit<T, 'line' | 'spaced'> : never) : never

function count(text: string): number {
  return text.split('\n').length - 1
}
