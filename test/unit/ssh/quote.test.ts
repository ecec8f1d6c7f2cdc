import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quote, quoteAll } from '../../../src/ssh/quote.ts'

test('plain words stay plain', () => {
  expect(quoteAll(['ls', '-l', '/a/b.c', 'a=b', ''])).toBe("ls -l /a/b.c 'a=b' ''")
})

test('a real shell gives back every word, byte for byte', () => {
  const special = fc.constantFrom(...Array.from('\'"\\$`&|;<>() \t\r\n*?[]#~=%!{}-'))
  const word = fc.string({
    unit: fc.oneof(special, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 })),
  })
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const result = spawnSync('/bin/sh', ['-c', `printf '%s\\n.\\n' ${quoteAll(words)}`])
      expect(result.stdout.toString()).toBe(words.map((each) => `${each}\n.\n`).join(''))
    }),
    { numRuns: 200 },
  )
})

test('a NUL character cannot be said to a shell', () => {
  expect(() => quote('a\0b')).toThrow(RangeError)
})
