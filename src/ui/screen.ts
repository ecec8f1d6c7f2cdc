/** The lines at the bottom of a terminal that are drawn again and again in the same place. */
export interface Screen {
  /**
   * Shows these lines in place of those shown before, and `text`, ended by a line feed, above them.
   * Writes nothing where there is nothing new.
   */
  show(lines: readonly string[], text?: string): void
}

/**
 * Each line is written over the one that was there and ends by clearing the rest of its row, all in
 * one write, so that nothing goes blank in between. ECMA-48, 8.3: CUU, EL, ED.
 */
export function makeScreen(stream: { write(text: string): unknown }): Screen {
  let shown: readonly string[] = []
  const isSame = (lines: readonly string[]) =>
    lines.length === shown.length && lines.every((line, index) => line === shown[index])
  return {
    show(lines, text = '') {
      if (text === '' && isSame(lines)) return
      // To the first column too: what the user types (^C) is echoed behind the cursor.
      const home = shown.length === 0 ? '' : `\r\u001b[${shown.length}A`
      const written = [...text.split('\n').slice(0, -1), ...lines]
      const rest = written.length < shown.length ? '\u001b[0J' : ''
      const clear = shown.length === 0 ? '' : '\u001b[K'
      stream.write(`${home}${written.map((line) => `${line}${clear}\n`).join('')}${rest}`)
      shown = lines
    },
  }
}
