import { expect, it } from 'vitest'
import { memoryOverhead } from '../../../../providers/qemu/overhead.ts'
import { exampleSpec } from './spec.ts'

const mebibytes = (bytes: number) => bytes / 2 ** 20

it('counts translated code where the guest is emulated, and the guard where there is one', () => {
  const [emulated, onKvm] = (['tcg', 'kvm'] as const).map((one) => memoryOverhead(exampleSpec(), one))
  expect(mebibytes(onKvm ?? 0)).toBe(96 + 56)
  expect(mebibytes((emulated ?? 0) - (onKvm ?? 0))).toBe(192 + 32)
  expect(mebibytes(memoryOverhead(exampleSpec({ nics: [] }), 'hvf'))).toBe(96)
})
