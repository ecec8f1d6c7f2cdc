import { expect, it } from 'vitest'
import { type Sign, watch } from '../../../../src/machine/install/watch.ts'

const sign = (changes: Partial<Sign> = {}): Sign => ({ console: 10, written: 20, received: 30, ...changes })
const before = { at: 1000, sign: sign() }

it.each([
  ['a line on the console', sign({ console: 11 })],
  ['a log that was begun again', sign({ console: 1 })],
  ['a write to the disk', sign({ written: 532 })],
  ['a download', sign({ received: 200_000 })],
])('%s is work', (_, next) => {
  expect(watch(before, next, 2000)).toEqual({ at: 2000, sign: next })
})

it('some packets are none, however long they come, unless they add up', () => {
  let seen = watch({ at: 0, sign: null }, sign(), 1000)
  seen = watch(seen, sign({ received: 30_000 }), 2000)
  expect(seen.at).toBe(1000)
  expect(watch(seen, sign({ received: 70_000 }), 3000).at).toBe(3000)
})
