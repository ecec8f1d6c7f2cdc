import { expect, it } from 'vitest'
import { RateLimit } from '../../../../src/lib/async/rate-limit.ts'

it('lets a tenth of a second pass at once, and then so much a second', () => {
  const limit = new RateLimit(1000)
  expect(limit.wait(5)).toBe(0)
  for (let sent = 0; sent < 100; sent += 1) limit.passed(1, 5)
  expect(limit.wait(5)).toBe(0)
  limit.passed(50, 5)
  expect(limit.wait(5)).toBe(50)
  expect(limit.wait(30)).toBe(25)
  expect(limit.wait(55)).toBe(0)
})

it('does not save up what was not used', () => {
  const limit = new RateLimit(1000)
  expect(limit.wait(0)).toBe(0)
  limit.passed(200, 1_000_000)
  expect(limit.wait(1_000_000)).toBe(100)
})

it('over a long time passes what its rate says, whatever the sizes', () => {
  const limit = new RateLimit(1000)
  let passed = 0
  for (let now = 0; now < 60_000; now += 1) {
    if (limit.wait(now) > 0) continue
    const size = 1 + ((now * 7919) % 900)
    limit.passed(size, now)
    passed += size
  }
  expect(passed).toBeGreaterThan(59_900)
  expect(passed).toBeLessThan(61_100)
})
