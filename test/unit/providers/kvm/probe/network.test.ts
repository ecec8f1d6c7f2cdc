import { expect, test } from 'vitest'
import { withNetwork } from '../../../../../providers/kvm/probe/network.ts'
import type { ProbeReport } from '../../../../../src/provider/index.ts'

const usable: ProbeReport = { usable: true, accelerator: 'kvm', hardware: true, reason: 'it ran' }
const unusable: ProbeReport = { usable: false, accelerator: null, hardware: false, reason: 'no', hint: 'do' }

test('without passt a host is usable, and hears how to get it', () => {
  expect(withNetwork(usable, false)).toEqual({
    ...usable,
    reason: expect.stringMatching(/^it ran; without passt/),
    hint: expect.stringContaining('apt-get install passt'),
    packages: ['passt'],
  })
})

test('nothing is said of passt where it is, or where it would not help', () => {
  expect(withNetwork(usable, true)).toBe(usable)
  expect(withNetwork(unusable, false)).toBe(unusable)
})
