/** A line feed, a carriage return, an escape sequence, or text. */
const ESC = String.fromCharCode(27)
const PARTS = new RegExp(`\\n|\\r|${ESC}\\[(\\??\\d*)([A-Za-z])|[^\\n\\r${ESC}]+`, 'g')

/**
 * What stands on a terminal after this was written to it: enough of ECMA-48 for line feeds, carriage
 * returns, cursor up (CUU) and to a column (CHA), erasing the rest of a line (EL) and all below (ED). That drawing
 * is to be shown at once (a private mode, 2026) makes no difference here.
 */
export function terminal(written: string): string {
  const rows = ['']
  let row = 0
  let column = 0
  for (const [part, count, command] of written.matchAll(PARTS)) {
    const line = rows[row] ?? ''
    if (part === '\n') {
      row++
      column = 0
      if (row === rows.length) rows.push('')
    } else if (part === '\r') column = 0
    else if (command === 'A') row = Math.max(0, row - Number(count))
    else if (command === 'G') column = Number(count) - 1
    else if (count === '?2026') continue
    else if (command === 'K') rows[row] = line.slice(0, column)
    else if (command === 'J') {
      rows[row] = line.slice(0, column)
      rows.splice(row + 1)
    } else if (command !== undefined) throw new Error(`this terminal does not know ${JSON.stringify(part)}`)
    else {
      rows[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + part.length)
      column += part.length
    }
  }
  return rows.join('\n')
}
