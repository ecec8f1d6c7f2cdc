import { isAbsolute, relative } from 'node:path'
import type { Place, PosadaError } from '../errors/index.ts'
import { type Palette, palette } from './colour.ts'
import { displayWidth, expandTabs, makeVisible, plainOutput } from './text.ts'

export interface ErrorStyle {
  colour: boolean
  /** Files under this folder are named from here. */
  cwd: string
}

/**
 * An error as text for people, ending with a line feed: message and code, where it stands with the
 * line and a caret, the offending value, details, what to do; each of its problems likewise.
 */
export function renderError(error: PosadaError, style: ErrorStyle): string {
  const paint = palette(style.colour)
  const blocks = [block(error, style, paint)]
  for (const problem of error.problems) blocks.push(renderProblem(problem, style, paint))
  return blocks.join('\n')
}

/** A problem may itself stand for several: it is one of several machines that failed. */
function renderProblem(problem: PosadaError, style: ErrorStyle, paint: Palette): string {
  const nested = problem.problems.map((inner) => renderProblem(inner, style, paint))
  return [block(problem, style, paint), ...nested].join('\n')
}

function block(error: PosadaError, style: ErrorStyle, paint: Palette): string {
  const machine = error.machine === undefined ? '' : ` (${makeVisible(error.machine)})`
  const message = makeVisible(error.message).replaceAll('\n', '\n  ')
  const lines = [
    `${paint.red(paint.bold(`error${machine}:`))} ${paint.bold(message)} ${paint.dim(`[${error.code}]`)}`,
  ]
  if (error.place !== undefined) lines.push(...excerpt(error.place, style, paint))
  if (showsValue(error)) lines.push(note('value', shorten(error.value ?? ''), paint))
  if (error.details.length > 0) {
    lines.push(...error.details.map((line) => `  ${paint.dim('|')} ${expandTabs(plainOutput(line))}`))
  }
  if (error.hint !== undefined) lines.push(note('hint', makeVisible(error.hint), paint))
  return `${lines.join('\n')}\n`
}

/** The value is left out where the reader sees it already. */
function showsValue(error: PosadaError): boolean {
  const { value, place } = error
  if (value === undefined || value === '' || error.message.includes(value)) return false
  return place?.text?.includes(value) !== true
}

function note(label: string, text: string, paint: Palette): string {
  return `  ${paint.cyan(`${label}:`)} ${text.replaceAll('\n', `\n  ${' '.repeat(label.length + 2)}`)}`
}

const valueLimit = 200

function shorten(value: string): string {
  const text = makeVisible(value).replaceAll('\n', '\\n')
  return text.length > valueLimit ? `${text.slice(0, valueLimit)}…` : text
}

function excerpt(place: Place, style: ErrorStyle, paint: Palette): string[] {
  const where = `${displayPath(place.file, style.cwd)}:${place.line}:${place.column}`
  const number = String(place.line)
  const margin = ' '.repeat(number.length)
  const lines = [`${margin} ${paint.blue('-->')} ${makeVisible(where)}`]
  if (place.text === undefined) return lines
  const { line, before, length } = underline(
    place.text,
    place.column - (place.textStart ?? 1) + 1,
    place.length ?? 1,
  )
  const bar = paint.blue('|')
  lines.push(`${margin} ${bar}`)
  lines.push(`${paint.blue(number)} ${bar} ${line}`)
  lines.push(`${margin} ${bar} ${' '.repeat(before)}${paint.red('^'.repeat(length))}`)
  return lines
}

/** Column and length count UTF-16 units of `text`, as editors do; what comes back counts terminal columns. */
function underline(text: string, column: number, length: number) {
  const start = Math.min(Math.max(0, column - 1), text.length)
  const end = Math.min(start + Math.max(1, length), text.length)
  const shown = (part: string) => displayWidth(expandTabs(makeVisible(part)))
  const before = shown(text.slice(0, start))
  return {
    line: expandTabs(makeVisible(text)),
    before,
    length: Math.max(1, shown(text.slice(0, end)) - before),
  }
}

function displayPath(file: string, cwd: string): string {
  // What was fetched has no path.
  if (!isAbsolute(file)) return file
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}
