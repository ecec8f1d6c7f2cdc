/**
 * Quotes one word for a POSIX shell, so that it reaches the program byte for byte. Words that need
 * no quotes stay as they are. Source: POSIX.1-2017, Shell Command Language, 2.2.2.
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('a shell word cannot hold a NUL character')
  if (/^[A-Za-z0-9_/.,:@%+-]+$/.test(word)) return word
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** A command line that a POSIX shell splits into exactly these words. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ')
}
