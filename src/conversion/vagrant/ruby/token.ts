/** A piece of a double-quoted text: as it stands, or Ruby code to be put in. */
export type TextPart = string | { code: string; line: number }

export type Token = TokenBody & { line: number /** Whether white space stands before it. */; spaced: boolean }

export type TokenBody =
  | { type: 'name' | 'constant' | 'variable' | 'keyword' | 'operator' | 'symbol' | 'label'; text: string }
  | { type: 'number'; value: number }
  | { type: 'text'; parts: TextPart[] }
  | { type: 'words'; items: string[] }
  /** Known and never understood: backticks, regular expressions. */
  | { type: 'opaque'; text: string }
  | { type: 'newline' | 'end' }

export const keywords = new Set([
  'alias',
  'and',
  'begin',
  'break',
  'case',
  'class',
  'def',
  'do',
  'else',
  'elsif',
  'end',
  'ensure',
  'false',
  'for',
  'if',
  'in',
  'module',
  'next',
  'nil',
  'not',
  'or',
  'redo',
  'rescue',
  'retry',
  'return',
  'self',
  'super',
  'then',
  'true',
  'undef',
  'unless',
  'until',
  'when',
  'while',
  'yield',
])

/** Thrown inside of this folder only; the parser goes on behind what it could not read. */
export class NotUnderstood extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}
