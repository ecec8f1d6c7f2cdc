import { expect, test } from 'vitest'
import { Hints, wholeAt } from '../../../src/sync/hints.ts'

test('few paths are taken at once, many once they have stopped coming, or after a while', () => {
  expect(wholeAt({ count: 1, first: 1000, last: 1000 })).toBe(1015)
  expect(wholeAt({ count: 20, first: 1000, last: 1399 })).toBe(1400)
  expect(wholeAt({ count: 21, first: 1000, last: 1399 })).toBe(1499)
  expect(wholeAt({ count: 5000, first: 1000, last: 2000 })).toBe(2300)
  expect(wholeAt({ count: 5000, first: 1000, last: 5999 })).toBe(6000)
})

test('what was heard is taken once, and nothing of it is left out', async () => {
  const hints = new Hints()
  expect(await hints.some(0)).toBe(false)
  hints.add('a')
  hints.add('a')
  hints.add('b', 'guest')
  expect(await hints.some(0)).toBe(true)
  expect(await hints.take(true)).toEqual({ scope: ['a', 'b'], sides: ['host', 'guest'] })
  expect(await hints.some(0)).toBe(false)
  hints.poke()
  expect(await hints.some(0)).toBe(true)
  expect(await hints.take()).toEqual({ scope: [], sides: [] })
  for (let count = 0; count <= 5000; count++) hints.add(`${count}`, 'guest')
  expect(await hints.take(true)).toEqual({ scope: 'all', sides: ['guest'] })
  hints.add('late', 'guest')
  expect(await hints.take()).toEqual({ scope: ['late'], sides: ['guest'] })
})

test('a side that is whole is taken without the other, which is not forgotten', async () => {
  const hints = new Hints()
  const built = Array.from({ length: 600 }, (_, count) => `built-${count}`)
  for (const path of built) hints.add(path, 'guest')
  hints.add('saved')
  const scopes = [(await hints.take()).scope]
  expect(scopes[0]).toContain('saved')
  while (await hints.some(0)) scopes.push((await hints.take()).scope)
  expect(scopes.flat().sort()).toEqual([...built, 'saved'].sort())
})
