import { expect, it } from 'vitest'
import { Presence } from '../../../../src/network/process/lifetime.ts'

it('a machine that was announced is waited for until it is linked, has stopped, or its time is over', () => {
  const presence = new Presence(0)
  presence.expect(['web', 'db', 'late'], 0)
  expect(presence.isDeserted(0, 10)).toBe(false)
  presence.settle('web')
  presence.settle('db')
  expect(presence.isDeserted(0, 59_999)).toBe(false)
  expect(presence.isDeserted(0, 60_000)).toBe(true)
  expect(presence.isDeserted(1, 60_000)).toBe(false)
})

it('the process is forgotten when nobody was there for a minute', () => {
  const presence = new Presence(0)
  expect(presence.isForgotten(0, 59_999)).toBe(false)
  expect(presence.isForgotten(1, 59_999)).toBe(false)
  expect(presence.isForgotten(0, 119_998)).toBe(false)
  expect(presence.isForgotten(0, 119_999)).toBe(true)
})
