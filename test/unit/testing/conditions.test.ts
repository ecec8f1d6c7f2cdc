import { expect, it } from 'vitest'
import { readConditions } from '../../../src/testing/environment.ts'

it('reads conditions as manifests and the command line have them', () => {
  expect(
    readConditions({
      ...{ latency: '40ms', jitter: '5ms', loss: '2%', duplicate: '1%', reorder: '0.5%', rate: '10mbit' },
      cut: true,
    }),
  ).toEqual({
    ...{ latency: 40, jitter: 5, loss: 0.02, duplicate: 0.01, reorder: 0.005, rate: 10_000_000 },
    cut: true,
  })
  expect(readConditions({ cut: false })).toEqual({ cut: false })
  expect(readConditions({})).toEqual({})
})

it.each([
  [{ latency: '2m' }, 'latency 2m is too long'],
  [{ loss: '2' }, 'loss 2 has no unit'],
  [{ rate: 'fast' }, 'rate fast is not a rate'],
  [{ delay: '1ms' } as object, "'delay' is not a condition"],
])('refuses %j', (set, message) => {
  expect(() => readConditions(set)).toThrow(
    expect.objectContaining({ code: 'E_USAGE', message: expect.stringContaining(message) }),
  )
})
