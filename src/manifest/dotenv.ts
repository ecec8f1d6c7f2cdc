import { problemLimit, type Report } from './problems.ts'
import type { Source } from './source/source.ts'

const start = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/y
const blank = /[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y
const single = /'([^']*)'/y
const double = /"((?:[^"\\]|\\[\s\S])*)"/y
const bare = /[^\n]*/y

const escapes = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/**
 * Reads a `.env` file: a `NAME=value` a line, `export ` before it allowed; `#` begins a comment, in
 * a value after white space only. Text in single quotes is taken as it is, in double quotes `\n`,
 * `\r`, `\t` and a backslash before any other character are understood; both may span lines. A
 * later line wins over an earlier one. Lines that cannot be understood are reported as E_DOTENV,
 * without their text, which may be a secret; after `problemLimit` of them the rest is not read.
 * Variables in values are not replaced.
 */
export function parseDotenv(source: Source, report: Report): Map<string, string> {
  const { text } = source
  const variables = new Map<string, string>()
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  let problems = 0
  for (let at = 0; at < text.length && problems < problemLimit; ) {
    const empty = match(blank, at)
    if (empty !== null && empty[0] !== '') {
      at = blank.lastIndex
      continue
    }
    const lineEnd = endOfLine(text, at)
    const found = match(start, at)
    const value = found === null ? undefined : readValue(match, start.lastIndex)
    if (found === null || value === undefined || value.text.includes('\0')) {
      report({ ...badLine(found !== null), span: { source, start: at, end: lineEnd } })
      problems += 1
      at = lineEnd + 1
      continue
    }
    variables.set(found[1] ?? '', value.text)
    at = value.end
  }
  return variables
}

type Match = (pattern: RegExp, at: number) => RegExpExecArray | null

/** The value that begins at `at`, and where the next line begins; undefined where it is malformed. */
function readValue(match: Match, at: number): { text: string; end: number } | undefined {
  for (const pattern of [single, double]) {
    const quoted = match(pattern, at)
    if (quoted === null) continue
    const after = match(blank, pattern.lastIndex)
    if (after === null) return undefined
    const inner = quoted[1] ?? ''
    const text =
      pattern === single ? inner : inner.replace(/\\([\s\S])/g, (_, c: string) => escapes.get(c) ?? c)
    return { text, end: blank.lastIndex }
  }
  const line = match(bare, at)?.[0] ?? ''
  if (line.startsWith("'") || line.startsWith('"')) return undefined
  const comment = /(?:^|[ \t])#/.exec(line)
  const text = (comment === null ? line : line.slice(0, comment.index)).trim()
  return { text, end: at + line.length + 1 }
}

function badLine(named: boolean) {
  return {
    code: 'E_DOTENV' as const,
    secret: true,
    message: named
      ? 'the value in quotes is not closed, or text follows it'
      : 'expected NAME=value, a comment or an empty line',
    hint: named ? "write NAME='value'; in double quotes a quote is \\\"" : 'names hold letters, digits and _',
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}
