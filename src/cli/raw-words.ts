import { readFileSync } from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'

/**
 * Arguments of this process as they were given: Node makes text of them, and where one is not UTF-8 that loses bytes,
 * which Linux still has in /proc (proc(5)). `words` stand among the arguments in this order.
 */
export function rawWords(words: readonly string[], argv: () => Buffer = ownArguments): (string | Buffer)[] {
  if (!words.some(isDamaged)) return [...words]
  const given = splitAtNul(argv())
  const found: (string | Buffer)[] = []
  for (const word of words.toReversed()) {
    let bytes = given.pop()
    while (bytes !== undefined && bytes.toString() !== word) bytes = given.pop()
    found.push(isDamaged(word) && bytes !== undefined ? bytes : word)
  }
  return found.toReversed()
}

/** The words with spaces between them, as text where all of them are. */
export function joined(words: readonly (string | Buffer)[]): string | Buffer {
  const isText = (word: string | Buffer): word is string => typeof word === 'string'
  if (words.every(isText)) return words.join(' ')
  return Buffer.concat(
    words.flatMap((word, index) => [Buffer.from(index === 0 ? '' : ' '), Buffer.from(word as string)]),
  )
}

function isDamaged(word: string): boolean {
  return word.includes('\uFFFD')
}

/** Empty where the system does not tell; words are then passed on as Node has them. */
function ownArguments(): Buffer {
  try {
    return readFileSync('/proc/self/cmdline')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return Buffer.alloc(0)
    throw error
  }
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0, end = bytes.indexOf(0); end >= 0; at = end + 1, end = bytes.indexOf(0, at)) {
    parts.push(bytes.subarray(at, end))
  }
  return parts
}
