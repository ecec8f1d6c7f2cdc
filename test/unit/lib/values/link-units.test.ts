import { expect, it } from 'vitest'
import { formatPart, formatRate, parsePart, parseRate } from '../../../../src/lib/values/link-units.ts'

it('rates have a unit, and come to at least a bit a second', () => {
  expect(parseRate('100mbit')).toEqual({ value: 1e8 })
  expect(parseRate('1.5 gbit')).toEqual({ value: 1.5e9 })
  expect(parseRate('0.0005kbit')).toEqual({ value: 1 })
  expect(parseRate('0mbit')).toEqual({ value: 0 })
  for (const little of ['0.4bit', '0.000001bit', '0.0004kbit'])
    expect(parseRate(little)).toMatchObject({ problem: 'is less than a bit a second', hint: 'at least 1bit' })
  expect(parseRate('100')).toMatchObject({ missingUnit: true, hint: 'did you mean 100mbit?' })
  expect(parseRate('5MB/s')).toMatchObject({ hint: 'did you mean 5mbit?' })
  expect(parseRate('fast')).toMatchObject({ problem: 'is not a rate' })
})

it('parts are percentages from 0 to 100', () => {
  expect(parsePart('0.5%')).toEqual({ value: 0.005 })
  expect(parsePart('100 %')).toEqual({ value: 1 })
  expect(parsePart('101%')).toMatchObject({ problem: 'is too much' })
  expect(parsePart('0.5')).toMatchObject({ missingUnit: true })
})

it('are written as people write them', () => {
  expect([1e8, 1.5e9, 64_000, 12].map(formatRate)).toEqual(['100mbit', '1.5gbit', '64kbit', '12bit'])
  expect([0.02, 0.001, 1].map(formatPart)).toEqual(['2%', '0.1%', '100%'])
})
