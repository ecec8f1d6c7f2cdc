import { expect, test } from 'vitest'
import { archNamed, hostArch } from '../../../../src/lib/values/arch.ts'

test('knows an architecture by the names that others have for it', () => {
  expect(['x86_64', 'amd64', 'x64'].map(archNamed)).toEqual(['x86_64', 'x86_64', 'x86_64'])
  expect(['aarch64', 'arm64'].map(archNamed)).toEqual(['aarch64', 'aarch64'])
  expect(['mips64', '', 'constructor', 'X86_64'].map(archNamed)).toEqual([null, null, null, null])
  expect(['riscv64', 'ppc64el', 's390x'].map(archNamed)).toEqual(['riscv64', 'ppc64le', 's390x'])
  expect(hostArch('arm64')).toBe('aarch64')
  expect(hostArch('x64')).toBe('x86_64')
})
