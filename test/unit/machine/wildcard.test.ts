import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasWildcard, matchesWildcard } from '../../../src/machine/wildcard.ts'

test.each([
  ['web-1', 'web-*', true],
  ['web', 'web-*', false],
  ['web-', 'web-*', true],
  ['web-12', 'web-?', false],
  ['web-1', 'web-?', true],
  ['web-1', '*', true],
  ['', '*', true],
  ['', '?', false],
  ['a-web-1', 'web-*', false],
  ['aXbXc', '*X*X*', true],
  ['abab', '*ab', true],
  ['a.c', 'a?c', true],
  ['abc', 'a.c', false],
])('%s and %s: %s', (name, pattern, fits) => expect(matchesWildcard(name, pattern)).toBe(fits))

test('agrees with regular expressions', () => {
  const letters = (characters: string) => fc.string({ unit: fc.constantFrom(...characters), maxLength: 12 })
  fc.assert(
    fc.property(letters('ab'), letters('ab*?'), (name, pattern) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      expect(matchesWildcard(name, pattern)).toBe(expression.test(name))
    }),
    { numRuns: 500 },
  )
})

test('is quick whatever the pattern', () => {
  expect(matchesWildcard('a'.repeat(2000), `${'a*'.repeat(500)}b`)).toBe(false)
})

test('only * and ? are wildcards', () => {
  expect(['web-*', 'web-?', 'web', 'web-[12]'].map(hasWildcard)).toEqual([true, true, false, false])
})
