import { Composer, type CST, type Document, Lexer, Parser } from 'yaml'
import { PosadaError } from '../../errors/index.ts'
import { limits } from '../limits.ts'
import type { Report } from '../problems.ts'
import { findControlCharacter } from './control-characters.ts'
import { convert } from './convert.ts'
import type { Node } from './node.ts'
import { placeOf, type Source } from './source.ts'
import { yamlProblems } from './yaml-problems.ts'

/**
 * Parses one YAML 1.2 document into located nodes; undefined after reporting problems, or when the
 * file holds nothing. Throws E_MANIFEST_TOO_LARGE where the file would take more than `limits`
 * allow, before the work is done.
 */
export function parseYaml(source: Source, report: Report): Node | undefined {
  const control = findControlCharacter(source)
  if (control !== undefined) {
    report(control)
    return undefined
  }
  // Duplicate keys are found by `convert`: the composer's own search takes quadratic time.
  const composer = new Composer({ uniqueKeys: false, version: '1.2', schema: 'core', merge: false })
  const documents = [...composer.compose(boundedTokens(source), true, source.text.length)]
  const [first, second] = documents
  if (first === undefined) return undefined
  const errors = yamlProblems(documents, source)
  for (const error of errors) report(error)
  if (errors.length > 0) return undefined
  if (second !== undefined) {
    const start = second.range[0]
    const marker = source.text.lastIndexOf('---', start)
    report({
      code: 'E_YAML',
      message: 'the file holds several YAML documents; a manifest is one',
      span: { source, start: marker < 0 ? start : marker, end: (marker < 0 ? start : marker) + 3 },
      hint: "remove the line '---' and what follows it",
    })
    return undefined
  }
  return convert(first as Document.Parsed, source, report)
}

/** The parser's tokens; stops where nesting or number pass the limits, so that nothing after it can run away. */
function* boundedTokens(source: Source): Generator<CST.Token> {
  const parser = new Parser()
  let count = 0
  let offset = 0
  for (const lexeme of new Lexer().lex(source.text)) {
    yield* parser.next(lexeme)
    count += 1
    const problem =
      parser.stack.length > limits.depth
        ? 'is nested too deeply'
        : count > limits.tokens
          ? 'has too many parts'
          : undefined
    if (problem !== undefined)
      throw new PosadaError('E_MANIFEST_TOO_LARGE', `the manifest ${problem}`, {
        value: source.file,
        place: placeOf({ source, start: offset, end: offset + 1 }),
        hint: 'a manifest is a few hundred lines of settings; put data into files of their own',
      })
    // Lexemes of one unit below 0x20 mark modes of the lexer and are not in the text.
    if (!isMark(lexeme)) offset += lexeme.length
  }
  yield* parser.end()
}

/** The lexer's marks: byte order mark, document, flow error end, scalar. Source: yaml's CST constants. */
function isMark(lexeme: string): boolean {
  return lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f'
}
