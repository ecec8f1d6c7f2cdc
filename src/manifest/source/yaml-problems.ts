import type { YAMLError } from 'yaml'
import type { Problem } from '../problems.ts'
import type { Source } from './source.ts'

/** What the parser's codes mean, said plainly, and what to do. Where absent, the parser's own words serve. */
const plain: Partial<Record<YAMLError['code'], { message?: string; hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'a tab is used for indentation; YAML takes spaces only',
    hint: 'replace the tab by two spaces',
  },
  BAD_INDENT: { hint: 'entries of one mapping or list begin in the same column' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping begins here in the middle of a line',
    hint: "a text that holds ': ' needs quotes around it; a mapping begins on a line of its own",
  },
  BAD_SCALAR_START: { hint: 'put the text in quotes' },
  BAD_DQ_ESCAPE: {
    hint: 'in double quotes a backslash is written \\\\; in single quotes it stands for itself',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: "a key goes on over several lines, or a ':' is missing",
    hint: "write 'key: value'",
  },
  MISSING_CHAR: { hint: "look for a missing ':', ',', quote or bracket, here or above" },
  UNEXPECTED_TOKEN: { hint: 'look for a missing comma, quote or bracket, here or above' },
  BLOCK_IN_FLOW: { hint: 'a bracket that was opened above is not closed' },
}

export function yamlProblem(error: YAMLError, source: Source): Problem {
  const known = plain[error.code]
  const [start, end] = error.pos
  return {
    code: 'E_YAML',
    message: known?.message ?? `this is not well-formed YAML: ${lowerFirst(error.message)}`,
    span: {
      source,
      start: Math.min(start, source.text.length),
      end: Math.min(Math.max(end, start + 1), source.text.length),
    },
    hint: known?.hint ?? 'put the text in quotes if it is meant as text',
  }
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
