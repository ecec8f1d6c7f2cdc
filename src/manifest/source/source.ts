import type { Place } from '../../errors/index.ts'
import { maskedLine } from '../../lib/text/masked-text.ts'

/** A text file that the manifest is made of. */
export interface Source {
  /** Absolute path; of what was fetched the URL as it may be shown. */
  file: string
  /** Where it was fetched from, credentials and all; null: it is a file of this computer. */
  url: string | null
  text: string
  /** Offset in `text` of the first character of each line. */
  lineStarts: readonly number[]
}

/** A piece of a source: offsets in UTF-16 units, the end exclusive. */
export interface Span {
  source: Source
  start: number
  end: number
}

/** The longest piece of a line that a place shows, cut marks included. */
const excerptLength = 200

/** Lines end in LF, alone or after a CR. */
export function makeSource(file: string, text: string, url: string | null = null): Source {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  return { file, url, text, lineStarts }
}

/**
 * Line and column of a span's beginning, for people. What goes on over several lines is underlined
 * to the end of its first. A line over 200 characters is cut around the beginning: `text` then
 * starts at column `textStart`, and `…` stands where something was left out. Credentials in URLs are not shown.
 */
export function placeOf({ source, start, end }: Span): Place {
  const index = lineAt(source, start)
  const lineStart = source.lineStarts[index] ?? 0
  const next = source.lineStarts[index + 1]
  let lineEnd = next === undefined ? source.text.length : next - 1
  if (next !== undefined && lineEnd > lineStart && source.text[lineEnd - 1] === '\r') lineEnd -= 1
  const from = Math.min(start, lineEnd)
  const length = Math.max(1, Math.min(end, lineEnd) - from)
  const place = { file: source.file, line: index + 1, column: from - lineStart + 1 }
  if (lineEnd - lineStart <= excerptLength)
    return { ...place, text: maskedLine(source.text.slice(lineStart, lineEnd)), length }
  return { ...place, ...excerpt(source.text, { lineStart, lineEnd, from, length }) }
}

/** More characters than any part of a URL may have that is not shown. */
const urlLength = 4096

interface Line {
  lineStart: number
  lineEnd: number
  from: number
  length: number
}

function excerpt(text: string, { lineStart, lineEnd, from, length }: Line) {
  const width = excerptLength - 2
  let first = Math.max(lineStart, Math.min(from - 60, lineEnd - width))
  let last = Math.min(lineEnd, first + width)
  if (isLowSurrogate(text, first)) first += 1
  if (isLowSurrogate(text, last)) last -= 1
  const before = first > lineStart ? '…' : ''
  const after = last < lineEnd ? '…' : ''
  // What is shown may be the middle of a URL.
  const start = Math.max(lineStart, first - urlLength)
  const near = maskedLine(text.slice(start, Math.min(lineEnd, last + urlLength)))
  return {
    text: before + near.slice(first - start, last - start) + after,
    textStart: first - lineStart + 1 - before.length,
    length: Math.max(1, Math.min(length, last - from)),
  }
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Index of the line that holds an offset, by halving. */
function lineAt(source: Source, offset: number): number {
  let low = 0
  let high = source.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((source.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
