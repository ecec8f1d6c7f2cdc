import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../../../src/lib/values/units.ts'

describe('parseSize', () => {
  test.each([
    ['0B', 0],
    ['1B', 1],
    ['1KiB', 1024],
    ['512MiB', 512 * 1024 ** 2],
    ['1GiB', 1024 ** 3],
    ['1 GiB', 1024 ** 3],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['2TiB', 2 * 1024 ** 4],
    ['10GB', 10e9],
    ['1kB', 1000],
    ['0.3KiB', 308],
  ])('%s is %d bytes', (text, value) => expect(parseSize(text)).toEqual({ value }))

  test.each([
    ['1024', 'did you mean 1024MiB?'],
    ['2', 'did you mean 2GiB?'],
    ['1G', 'did you mean 1GiB?'],
    ['1gb', 'did you mean 1GB?'],
    ['512mib', 'did you mean 512MiB?'],
    ['1M', 'did you mean 1MiB?'],
    ['5XB', 'units are TiB, GiB, MiB, KiB, TB, GB, MB, kB, B'],
    ['', 'write a number and a unit, such as 512MiB or 10GiB'],
    ['-1GiB', 'write a number and a unit, such as 512MiB or 10GiB'],
    ['1e3MiB', 'write a number and a unit, such as 512MiB or 10GiB'],
    ['99999999TiB', 'the largest size is 8191TiB'],
  ])('%s is refused, with a hint', (text, hint) => expect(parseSize(text)).toMatchObject({ hint }))
})

describe('parseDuration', () => {
  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['1.5s', 1500],
    ['0s', 0],
  ])('%s is %d ms', (text, value) => expect(parseDuration(text)).toEqual({ value }))

  test.each([
    ['60', 'did you mean 60s?'],
    ['3min', 'did you mean 3m?'],
    ['5sec', 'did you mean 5s?'],
    ['5M', 'did you mean 5m?'],
    ['30m1h', 'larger units come first, each once: 1h30m'],
    ['1s1s', 'larger units come first, each once: 1h30m'],
    ['1x', 'units are d, h, m, s and ms'],
    ['', 'write numbers with units, such as 90s, 2m or 1h30m'],
    ['1h 30m', 'write numbers with units, such as 90s, 2m or 1h30m'],
    ['999999999999d', 'use a shorter one'],
  ])('%s is refused, with a hint', (text, hint) => expect(parseDuration(text)).toMatchObject({ hint }))
})

test('a size of whole units is read as what was written for it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 0, max: 4 }), (count, power) => {
      const bytes = count * 1024 ** power
      expect(parseSize(formatSize(bytes))).toEqual({ value: bytes })
    }),
  )
})

test('any size is read as within a tenth of a unit of what was written for it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
      const parsed = parseSize(formatSize(bytes))
      if (!('value' in parsed)) throw new Error(parsed.problem)
      expect(Math.abs(parsed.value - bytes)).toBeLessThanOrEqual(bytes * 0.05 + 1)
    }),
  )
})

test('a duration is read as what was written for it, to the precision shown', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
      const parsed = parseDuration(formatDuration(ms))
      if (!('value' in parsed)) throw new Error(parsed.problem)
      const precision =
        ms < 1000 ? 0 : ms < 9950 ? 50 : ms < 3_600_000 ? 500 : ms < 86_400_000 ? 30_000 : 1_830_000
      expect(Math.abs(parsed.value - ms)).toBeLessThanOrEqual(precision)
    }),
  )
})

test.each([
  [0, '0ms'],
  [999, '999ms'],
  [1000, '1s'],
  [4240, '4.2s'],
  [9949, '9.9s'],
  [9999, '10s'],
  [59_600, '1m'],
  [90_000, '1m30s'],
  [7_500_000, '2h5m'],
  [3 * 86_400_000, '3d'],
])('%d ms are shown as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test.each([
  [1023 * 1024 + 1023, '1MiB'],
  [1536 * 1024 ** 2, '1.5GiB'],
  [1024 ** 5, '1024TiB'],
])('%d bytes are shown as %s', (bytes, text) => expect(formatSize(bytes)).toBe(text))

test('a duration without a unit is asked for in the unit that is likely', () => {
  expect(parseDuration('5')).toMatchObject({ hint: 'did you mean 5s?' })
  expect(parseDuration('5', 'ms')).toMatchObject({ hint: 'did you mean 5ms?' })
})
