import { expect, it } from 'vitest'
import { nextSize } from '../../../src/provider-kit/index.ts'

const mebibyte = 2 ** 20
const bounds = { min: 128 * mebibyte, max: 2048 * mebibyte }
/** In MiB. */
const next = (size: number, available: number) =>
  nextSize(bounds, { size: size * mebibyte, available: available * mebibyte }) / mebibyte

it.each([
  ['has as much free as it is to have', 300, 180, 300],
  ['has little left: twice the headroom at once', 1000, 40, 960 + 480],
  ['uses hardly anything, and has little left', 128, 40, 88 + 128],
  ['has too much: an eighth of it is taken', 2048, 1948, 2048 - (2048 - 228) / 8],
  ['would have more than all', 1900, 10, 2048],
  ['has less than the least', 100, 100, 128],
])('a guest that %s', (_, size, available, expected) => {
  expect(next(size, available)).toBe(Math.ceil(expected))
})

it('comes to rest, and then is left alone', () => {
  const used = 100
  let size = 2048
  for (let look = 0; look < 60; look++) size = next(size, size - used)
  expect(next(size, size - used)).toBe(size)
  expect(size).toBeGreaterThan(used + 128)
  expect(size).toBeLessThanOrEqual(used + 3 * 64)
})

it('whatever a guest says, it has from the least to all', () => {
  for (const available of [0, 1, 2 ** 40, 2 ** 53]) {
    for (const size of [0, 1, 2 ** 45]) {
      const given = nextSize(bounds, { size, available })
      expect(given).toBeGreaterThanOrEqual(bounds.min)
      expect(given).toBeLessThanOrEqual(bounds.max)
      expect(given % mebibyte).toBe(0)
    }
  }
})
