import { expect, it } from 'vitest'
import { Lifetime } from '../../../../src/network/process/lifetime.ts'

it('a machine that was announced is waited for until it is linked, has stopped, or its time is over', () => {
  const lifetime = new Lifetime(0)
  lifetime.expect(['web', 'db', 'late'], 0)
  expect(lifetime.isEmpty(0, 10)).toBe(false)
  lifetime.settle('web')
  lifetime.settle('db')
  expect(lifetime.isEmpty(0, 59_999)).toBe(false)
  expect(lifetime.isEmpty(0, 60_000)).toBe(true)
  expect(lifetime.isEmpty(1, 60_000)).toBe(false)
})

it('the process is forgotten when no machine was there for a minute', () => {
  const lifetime = new Lifetime(0)
  expect(lifetime.isForgotten(0, 59_999)).toBe(false)
  expect(lifetime.isForgotten(1, 59_999)).toBe(false)
  expect(lifetime.isForgotten(0, 119_998)).toBe(false)
  expect(lifetime.isForgotten(0, 119_999)).toBe(true)
})
