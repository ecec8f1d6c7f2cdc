import { expect, test } from 'vitest'
import { ratesOf } from '../../../src/machine/stats.ts'

const before = {
  cpu: 10,
  memory: 5,
  disk: { read: 100, written: 1000 },
  network: { received: 7, sent: 0 },
}

test('rates are what came in between, a second', () => {
  const now = {
    cpu: 11,
    memory: 9,
    disk: { read: 300, written: 1000 },
    network: { received: 7, sent: 8 },
  }
  expect(ratesOf(before, now, 2)).toEqual({ cpu: 0.5, read: 100, written: 0, received: 0, sent: 4 })
})

test('a network that is not counted has none', () => {
  expect(ratesOf({ ...before, network: null }, before, 1)).toMatchObject({
    cpu: 0,
    received: null,
    sent: null,
  })
  expect(ratesOf(before, { ...before, network: null }, 1)).toMatchObject({ received: null, sent: null })
})

test.each([{ cpu: 9 }, { disk: { read: 0, written: 2000 } }, { network: { received: 0, sent: 0 } }])(
  'a machine that was started again in between has none: %j',
  (change) => {
    expect(ratesOf(before, { ...before, ...change }, 1)).toBeNull()
  },
)
