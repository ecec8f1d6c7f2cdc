import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { KVM } from '../../../../../providers/kvm/ffi/kvm-abi.ts'

const header = '/usr/include/linux/kvm.h'
const canCompile = existsSync(header) && existsSync('/usr/bin/gcc')

// The preprocessor and the compiler know the true numbers: ask them.
describe.skipIf(!canCompile)('numbers of ioctls against <linux/kvm.h> (needs gcc)', () => {
  it('are those of the header', () => {
    const names = Object.keys(KVM)
    const source = `#include <linux/kvm.h>\n${names.map((name) => `unsigned long v_${name} = KVM_${name};`).join('\n')}`
    const assembly = execFileSync('gcc', ['-x', 'c', '-S', '-o', '-', '-'], { input: source }).toString()
    const numbers = Object.fromEntries(
      names.map((name) => {
        const value = new RegExp(`v_${name}:\\s+\\.quad\\s+(\\d+)`).exec(assembly)?.[1]
        return [name, Number(value)]
      }),
    )
    expect(numbers).toEqual(KVM)
  })
})
