import { stripVTControlCharacters } from 'node:util'
import { readEnd } from '../../lib/files/read-end.ts'

/** Read from the end of a log: enough for some hundred lines. */
const tailBytes = 256 * 1024
const lineLimit = 1000
/** Operating system commands (ECMA-48, 8.3.89), ended by BEL or ST: the window's title and the like. */
const [ESC, BEL] = [27, 7].map((code) => String.fromCharCode(code))
const titles = new RegExp(`${ESC}\\][^${ESC}${BEL}]*(?:${BEL}|${ESC}\\\\)`, 'g')

/**
 * The last lines of a log that say something, without control characters; none where there is no
 * log. `end`: nothing behind this offset.
 */
export async function tailLines(
  path: string,
  count: number,
  end = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const text = (await readEnd(path, tailBytes, { end })) ?? ''
  const lines = text.split('\n').map(plainLine)
  return lines.filter((line) => line !== '').slice(-count)
}

/**
 * A line that a guest wrote, fit to be shown: without escape sequences and controls, bounded, and of
 * what a carriage return wrote over only the last.
 */
export function plainLine(line: string): string {
  const shown =
    stripVTControlCharacters(line.replace(/\r+$/, '').replace(titles, '')).split('\r').at(-1) ?? ''
  return shown
    .replace(/[^\P{Cc}\t]/gu, '')
    .trimEnd()
    .slice(0, lineLimit)
}
