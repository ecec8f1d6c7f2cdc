import type { Problem } from '../problems.ts'
import type { Source } from './source.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]|\r(?!\n)/u

/** The first character that YAML does not allow (YAML 1.2.2, 5.1), or a CR that ends no line. */
export function findControlCharacter(source: Source): Problem | undefined {
  const match = forbidden.exec(source.text)
  if (match === null) return undefined
  const code = match[0].codePointAt(0) ?? 0
  const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return {
    code: 'E_YAML',
    message:
      code === 13
        ? 'a carriage return stands here without a line feed'
        : `the file holds a character that YAML does not allow, ${name}${code === 0 ? ' (NUL)' : ''}`,
    span: { source, start: match.index, end: match.index + 1 },
    hint:
      code === 13
        ? 'save the file with line ends LF or CRLF'
        : 'remove it; in a text in double quotes it can be written as an escape',
  }
}
