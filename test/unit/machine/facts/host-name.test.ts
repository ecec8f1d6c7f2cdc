import { expect, it } from 'vitest'
import { hostNameOf } from '../../../../src/machine/facts/host-name.ts'

it.each([
  ['web', 'web', 'shop', 'web'],
  ['web-2', 'web', 'shop', 'web-2'],
  ['default', 'default', 'shop', 'shop'],
  ['default-2', 'default', 'shop', 'shop-2'],
  ['default-2', 'default', `${'x'.repeat(60)}-yz`, `${'x'.repeat(60)}-2`],
  ['default', 'default', 'x'.repeat(63), 'x'.repeat(63)],
])('%s of %s in %s is %s', (name, group, project, expected) => {
  expect(hostNameOf({ name, group }, project)).toBe(expected)
})
