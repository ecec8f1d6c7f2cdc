import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRequest } from '../../../src/dashboard/parse-request.ts'

const root = '/srv/shop'
const parse = (wish: unknown) => parseRequest(JSON.stringify({ id: 1, root, wish }))?.wish

test('what the page asks for is known by its form', () => {
  expect(parse({ do: 'look' })).toEqual({ do: 'look' })
  expect(parse({ do: 'up', machine: 'web', name: 'x' })).toEqual({ do: 'up', machine: 'web' })
  const saved = { do: 'snapshot-save', machine: 'web', name: 'a' }
  expect(parse(saved)).toEqual(saved)
  const cut = {
    do: 'conditions',
    network: 'lan',
    between: ['web', 'db'],
    set: { loss: '2%' },
    cut: true,
    reset: false,
  }
  expect(parse(cut)).toEqual(cut)
  expect(parse({ ...cut, between: null, cut: null })).toMatchObject({ between: null, cut: null })
})

test.each([
  { do: 'rm' },
  { do: 'toString', machine: 'web' },
  { do: 'up' },
  { do: 'up', machine: 1 },
  { do: 'snapshot-save', machine: 'web' },
  { do: 'conditions', network: 'lan', between: ['web'], set: {}, cut: true, reset: false },
  { do: 'conditions', network: 'lan', between: null, set: {}, cut: 'yes', reset: false },
  null,
  [],
])('what makes no sense is nothing: %j', (wish) => {
  expect(parse(wish)).toBeUndefined()
})

test('nor does anything else throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseRequest(text)))
})
