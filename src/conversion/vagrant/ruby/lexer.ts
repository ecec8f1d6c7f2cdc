import { CharacterReader } from './character-reader.ts'
import { Heredocs } from './heredocs.ts'
import { readOpaque, readPercent, readText, readTextOrLabel } from './literal-tokens.ts'
import { keywords, NotUnderstood, type Token, type TokenBody } from './token.ts'

/** More than any Vagrantfile that a person wrote. */
const tokenLimit = 50_000

/**
 * The tokens of Ruby code, heredocs put where they begin. Nothing is run. Throws NotUnderstood where a text is not
 * closed, or there are too many tokens. Source: Ruby, doc/syntax/literals.rdoc.
 */
export function tokenize(source: string, firstLine = 1): Token[] {
  const reader = new CharacterReader(source, firstLine)
  const heredocs = new Heredocs()
  const tokens: Token[] = []
  for (;;) {
    const spaced = skipBlanks(reader)
    const { line } = reader
    const isEnd = reader.isDone() || (reader.isLineStart() && /^__END__(?:[\r\n]|$)/.test(reader.ahead(8)))
    if (isEnd && !heredocs.isDone()) throw new NotUnderstood(line, 'a string that is not closed')
    if (isEnd) return [...tokens, { type: 'newline', line, spaced }, { type: 'end', line, spaced }]
    const body = readToken({ reader, heredocs, previous: tokens.at(-1), spaced })
    tokens.push({ ...body, line, spaced })
    if (tokens.length > tokenLimit) throw new NotUnderstood(line, 'more parts than are read')
  }
}

/** Blanks, comments and continued lines; whether there were any. */
function skipBlanks(reader: CharacterReader): boolean {
  for (let found = false; ; found = true) {
    const blank = reader.match(/(?:[ \t\r\f\v]|\\\r?\n|#[^\n]*)+/y)
    const block = reader.isLineStart() ? reader.match(/=begin\b[\s\S]*?(?:\n=end[^\n]*|$)/y) : undefined
    if (blank === undefined && block === undefined) return found
  }
}

interface Place {
  reader: CharacterReader
  heredocs: Heredocs
  previous: Token | undefined
  /** Whether white space stands before what comes. */
  spaced: boolean
}

const operator =
  /(?:\*\*=|<=>|===|\|\|=|&&=|<<=|>>=|\.\.\.|\.\.|::|=>|->|==|=~|!=|!~|>=|<=|&&|\|\||<<|>>|\+=|-=|\*=|\/=|%=|&\.|\*\*|[-+*/%=<>!&|^~?:,.;(){}[\]])/y
const number = /(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d[\d_]*)?)/y
const name = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y
const variable = /(?:\$[\w!@&*~?/]\w*|@{1,2}[A-Za-z_]\w*)/y

function readToken(place: Place): TokenBody {
  const { reader, heredocs, previous, spaced } = place
  if (reader.match(/\n/y) !== undefined) {
    heredocs.readBodies(reader)
    return { type: 'newline' }
  }
  const quote = reader.match(/["'`]/y)
  if (quote !== undefined) return quote === '`' ? readOpaque(reader, quote) : readTextOrLabel(reader, quote)
  if (isValueExpected(place)) {
    const literal = heredocs.begin(reader) ?? readPercent(reader)
    if (literal !== undefined) return literal
    if (reader.match(/\//y) !== undefined) return readOpaque(reader, '/')
  }
  const digits = reader.match(number)
  if (digits !== undefined) return { type: 'number', value: Number(digits.replaceAll('_', '')) }
  const global = reader.match(variable)
  if (global !== undefined) return { type: 'variable', text: global }
  const quoted = reader.match(/:["']/y)
  if (quoted !== undefined) return readText(reader, quoted.slice(1), false)
  const isSymbol = previous?.type !== 'name' || spaced
  const symbol = isSymbol ? reader.match(/:[A-Za-z_]\w*[?!]?/y) : undefined
  if (symbol !== undefined) return { type: 'symbol', text: symbol.slice(1) }
  const word = reader.match(name)
  if (word !== undefined) return wordToken(word + (reader.match(/[?!](?!=)/y) ?? ''), place)
  const sign = reader.match(operator)
  if (sign !== undefined) return { type: 'operator', text: sign }
  throw new NotUnderstood(reader.line, `the character ${JSON.stringify(reader.ahead(1))}`)
}

/** `guest: 80` has a label, `a ? b : c` none. What is called on something, `config.vm.define`, is neither. */
function wordToken(text: string, { reader, previous }: Place): TokenBody {
  const isMember = previous?.type === 'operator' && (previous.text === '.' || previous.text === '&.')
  if (!isMember && reader.match(/:(?!:)/y) !== undefined) return { type: 'label', text }
  if (!isMember && keywords.has(text)) return { type: 'keyword', text }
  return { type: /^[A-Z]/.test(text) ? 'constant' : 'name', text }
}

/** Whether a `/`, `%` or `<<` begins a value rather than joins two. */
function isValueExpected({ reader, previous, spaced }: Place): boolean {
  switch (previous?.type) {
    case 'operator':
      return !/^[)\]}]$/.test(previous.text)
    case 'name':
      return spaced && !/^.[\s=]/.test(reader.ahead(2))
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
