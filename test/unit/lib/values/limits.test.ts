import { expect, it } from 'vitest'
import { formatLimits, hasLimits, noLimits } from '../../../../src/lib/values/limits.ts'

it.each([
  [noLimits, 'none', false],
  [{ ...noLimits, disk: { iops: 500, bandwidth: 50 * 2 ** 20 } }, 'disk 500 requests/s, disk 50MiB/s', true],
  [{ ...noLimits, network: { bandwidth: 2e7 } }, 'network 20mbit', true],
])('%j reads %s', (limits, text, any) => {
  expect(formatLimits(limits)).toBe(text)
  expect(hasLimits(limits)).toBe(any)
})
