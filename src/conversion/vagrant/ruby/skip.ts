import type { Token } from './token.ts'

export interface Skipped {
  /** The token behind the statement. */
  end: number
  /** Variables that it may set. */
  assigned: string[]
}

const opening = new Set(['(', '[', '{', 'do', 'begin', 'def', 'class', 'module', 'case'])
const closing = new Set([')', ']', '}', 'end'])
/** They have an `end` only where they begin a statement or a value, and `while` takes the `do` of its line. */
const prefixes = new Set(['if', 'unless', 'while', 'until', 'for'])

/** Passes over the statement that begins at a token, with the blocks and constructs in it. */
export function skipStatement(tokens: readonly Token[], start: number): Skipped {
  const assigned = new Set<string>()
  let depth = 0
  let loop = false
  let at = start
  for (; at < tokens.length; at++) {
    const token = tokens[at]
    if (token === undefined || token.type === 'end') break
    if (token.type === 'newline') {
      loop = false
      if (depth <= 0 && !continues(tokens, at)) break
    }
    if (token.type !== 'keyword' && token.type !== 'operator') continue
    const { text } = token
    if (text === ';' && depth === 0) break
    if (text === 'do' && loop) loop = false
    else if (opening.has(text)) depth += 1
    else if (prefixes.has(text) && beginsValue(tokens[at - 1])) {
      depth += 1
      loop = text !== 'if' && text !== 'unless'
    } else if (closing.has(text)) {
      // It is of what is around.
      if (depth === 0 && at > start) break
      depth -= 1
    } else if (text === '<<' || (text.endsWith('=') && !/^[=!<>]=|^===$/.test(text)))
      note(tokens[at - 1], assigned)
  }
  // What is closed and never opened would otherwise be met for ever.
  return { end: Math.max(at, start + 1), assigned: [...assigned] }
}

function beginsValue(previous: Token | undefined): boolean {
  if (previous === undefined || previous.type === 'newline') return true
  if (previous.type === 'keyword') return !['end', 'true', 'false', 'nil', 'self'].includes(previous.text)
  return previous.type === 'operator' && !closing.has(previous.text)
}

/** Whether the statement goes on in the next line. */
function continues(tokens: readonly Token[], at: number): boolean {
  const previous = tokens[at - 1]
  if (previous?.type === 'operator' && !closing.has(previous.text) && previous.text !== '|') return true
  const next = tokens[at + 1]
  return next?.type === 'operator' && (next.text === '.' || next.text === '&.')
}

function note(token: Token | undefined, assigned: Set<string>): void {
  if (token?.type === 'name' || token?.type === 'constant' || token?.type === 'variable')
    assigned.add(token.text)
}
