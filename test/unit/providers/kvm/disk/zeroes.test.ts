import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextNonZero } from '../../../../../providers/kvm/disk/qcow2/zeroes.ts'

it('finds what a look at every word finds', () => {
  const words = 3000
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(words * 4 - 1), fc.integer({ min: 1, max: 255 })), { maxLength: 6 }),
      fc.nat(words),
      fc.nat(words),
      (set, a, b) => {
        const bytes = Buffer.alloc(words * 4)
        for (const [at, value] of set) bytes[at] = value
        const [from, end] = [Math.min(a, b) * 4, Math.max(a, b) * 4]
        let wanted = from
        while (wanted < end && bytes.readUInt32LE(wanted) === 0) wanted += 4
        expect(nextNonZero(bytes, from, end)).toBe(wanted)
      },
    ),
  )
})
