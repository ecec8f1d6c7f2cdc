import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../../../src/lib/text/suggest.ts'

const keys = [
  'box',
  'cpus',
  'memory',
  'disk',
  'depends_on',
  'ports',
  'env',
  'provision',
  'provider',
  'providers',
]

test.each([
  ['memroy', 'memory'],
  ['Memory', 'memory'],
  ['depends-on', 'depends_on'],
  ['dependson', 'depends_on'],
  ['cpu', 'cpus'],
  ['port', 'ports'],
  ['provison', 'provision'],
  ['bxo', 'box'],
])('%s was meant to be %s', (wrong, meant) => expect(nearest(wrong, keys)).toBe(meant))

test.each(['x', 'zzz', 'volumes', 'image', '', 'a'.repeat(1000)])('%s is near nothing', (wrong) =>
  expect(nearest(wrong, keys)).toBeUndefined(),
)

test('of two near names the nearer one is taken', () => {
  expect(nearest('web-1', ['web-22', 'web-11', 'web-1x', 'web-1'])).toBe('web-1')
})

const word = fc.string({ maxLength: 12 })

test('the distance is a symmetric measure, zero only between equals', () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b)
      expect(distance).toBe(editDistance(b, a))
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
    }),
  )
})

test('swapping two neighbours is one edit', () => expect(editDistance('memroy', 'memory')).toBe(1))
