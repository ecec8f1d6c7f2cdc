import { eastAsianWidth } from 'get-east-asian-width'

const tab = 4

/** Control characters, and those that turn the direction of text: they change what the reader sees. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
/** Escape sequences that only colour: ECMA-48, 8.3.117. */
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;:]*m`, 'g')
/** What takes no column: marks put on the character before. */
const mark = /^[\p{Mn}\p{Me}]$/u

/**
 * Text from a guest or a file, safe to write to a terminal: what would act on the terminal is shown
 * as `\x1b` or `\u202e` instead. Line feeds and tabs stay.
 */
export function makeVisible(text: string): string {
  return text.replace(unsafe, (character) => {
    if (character === '\n' || character === '\t') return character
    const code = character.codePointAt(0) ?? 0
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

/** As makeVisible, for a place that has one line: what others wrote must not look like a line of ours. */
export function onOneLine(text: string): string {
  return makeVisible(text).replace(/[\n\t]+/g, ' ')
}

/** As makeVisible, with a program's colours taken out instead of shown. */
export function plainOutput(text: string): string {
  return makeVisible(withoutColours(text))
}

/** Text without the escape sequences that only colour it. */
export function withoutColours(text: string): string {
  return text.replace(colours, '')
}

/** Tabs as spaces up to the next multiple of four columns. */
export function expandTabs(text: string): string {
  let out = ''
  let column = 0
  for (const character of text) {
    const piece = character === '\t' ? ' '.repeat(tab - (column % tab)) : character
    column += character === '\t' ? piece.length : characterWidth(character)
    out += piece
  }
  return out
}

/** Columns that text without tabs and control characters takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  if (mark.test(character)) return 0
  return eastAsianWidth(character.codePointAt(0) ?? 0)
}

/** Text cut to a number of columns, with `…` where something was left out. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  let out = ''
  let width = 0
  for (const character of text) {
    width += characterWidth(character)
    if (width > columns - 1) break
    out += character
  }
  return `${out}…`
}

/** Text filled up with spaces to a number of columns. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - displayWidth(text)))
}
