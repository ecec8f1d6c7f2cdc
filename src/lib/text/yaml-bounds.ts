import { type CST, Lexer, Parser } from 'yaml'

/** Bounds on YAML from others: the library takes quadratic time for deep nesting, and can end the process. */
export interface YamlBounds {
  /** Open constructs at once while parsing; a list in a mapping takes two. */
  depth: number
  /** Lexical pieces; an ordinary line has about six. */
  tokens: number
}

/** For files that have no bounds of their own: some 40,000 lines, for which the library takes a second. */
const yamlBounds: YamlBounds = { depth: 64, tokens: 2 ** 18 }

/**
 * The parser's tokens; stops with what `exceeded` makes of it where nesting or number pass the bounds, so that nothing
 * after it can run away. The problem goes on after the file's name, the offset is counted in UTF-16.
 */
export function* boundedTokens(
  text: string,
  { depth, tokens }: YamlBounds,
  exceeded: (problem: string, offset: number) => Error,
): Generator<CST.Token> {
  const parser = new Parser()
  let count = 0
  let offset = 0
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    count += 1
    if (parser.stack.length > depth) throw exceeded('is nested too deeply', offset)
    if (count > tokens) throw exceeded('has too many parts', offset)
    // Lexemes of one unit below 0x20 mark modes of the lexer and are not in the text.
    if (!isMark(lexeme)) offset += lexeme.length
  }
  yield* parser.end()
}

class Exceeded extends Error {}

/** Why a text is not given to the YAML library, as it goes on after the file's name; null: it may be. */
export function yamlExcess(text: string, bounds = yamlBounds): string | null {
  try {
    for (const _ of boundedTokens(text, bounds, (problem) => new Exceeded(problem)));
    return null
  } catch (error) {
    if (error instanceof Exceeded) return error.message
    throw error
  }
}

/** The lexer's marks: byte order mark, document, flow error end, scalar. Source: yaml's CST constants. */
function isMark(lexeme: string): boolean {
  return lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f'
}
