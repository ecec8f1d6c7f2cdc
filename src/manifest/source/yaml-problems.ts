import { type Document, isCollection, isScalar, visit, type YAMLError, type Node as YamlNode } from 'yaml'
import type { Problem } from '../problems.ts'
import { placeOf, type Source } from './source.ts'

/** What the parser's codes mean, said plainly, and what to do. Where absent, the parser's own words serve. */
const plain: Partial<Record<YAMLError['code'], { message?: string; hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'a tab is used for indentation; YAML takes spaces only',
    hint: 'replace the tab by two spaces',
  },
  BAD_INDENT: { hint: 'entries of one mapping or list begin in the same column' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a mapping begins here in the middle of a line',
    hint: "put a text that holds ': ' in quotes; or is the next line indented too far?",
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

/** How many mistakes of syntax are told of; each has others in its wake. */
const errorLimit = 3

/** What is wrong with the file as YAML: the first mistake of a line, a few lines at most. */
export function yamlProblems(documents: readonly Document.Parsed[], source: Source): Problem[] {
  const lines = new Set<number>()
  const problems: Problem[] = []
  for (const document of documents) {
    for (const error of document.errors) {
      const problem = unclosed(error, document, source) ?? problemOf(error, source)
      const { line } = placeOf(problem.span)
      if (problems.length < errorLimit && !lines.has(line)) problems.push(problem)
      lines.add(line)
    }
  }
  return problems
}

function problemOf(error: YAMLError, source: Source): Problem {
  const known = plain[error.code]
  const length = source.text.length
  const start = Math.min(error.pos[0], length)
  const end = Math.min(Math.max(error.pos[1], start + 1), length)
  const expression = source.text.startsWith('${', start - 1)
  return {
    code: 'E_YAML',
    message: known?.message ?? `this is not well-formed YAML: ${lowerFirst(error.message)}`,
    span: { source, start, end },
    hint: expression
      ? 'in brackets and braces a text with ${…} needs quotes around it'
      : (known?.hint ?? 'put the text in quotes if it is meant as text'),
  }
}

/** The parser notices a missing closing mark where the file ends or the next key begins; what helps is where it was opened. */
function unclosed(error: YAMLError, document: Document.Parsed, source: Source): Problem | undefined {
  const mark = /^Missing closing (.)quote$|end with a (.)$/.exec(error.message)
  const close = mark?.[1] ?? mark?.[2]
  const open = close === ']' ? '[' : close === '}' ? '{' : close
  if (close === undefined || open === undefined) return undefined
  const start = lastOpened(document, source.text, { open, close, before: error.pos[0] })
  if (start === undefined) return undefined
  const what = open === close ? 'quote' : 'bracket'
  return {
    code: 'E_YAML',
    message: `the ${what} ${open} is opened here and not closed`,
    span: { source, start, end: start + 1 },
    hint: `put ${close} where it ends`,
  }
}

interface Marks {
  open: string
  close: string
  before: number
}

function lastOpened(
  document: Document.Parsed,
  text: string,
  { open, close, before }: Marks,
): number | undefined {
  let found: number | undefined
  visit(document, (_, node) => {
    if (!isScalar(node) && !isCollection(node)) return
    const [start, end] = (node as YamlNode).range ?? [before, before]
    const closed = end - 1 > start && text[end - 1] === close
    if (start < before && text[start] === open && !closed) found = start
  })
  return found
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
