import { expect, test } from 'vitest'
import { qemuArguments } from '../../../../../providers/qemu/argv/index.ts'
import { isMachine } from '../../../../../providers/qemu/process/find.ts'
import { exampleHost, exampleSpec } from '../spec.ts'

const spec = exampleSpec()
const argv = ['/usr/bin/qemu-system-x86_64', ...qemuArguments(spec, exampleHost())]

test('knows its own QEMU', () => {
  expect(isMachine(argv, spec)).toBe(true)
})

test('takes no other process for it', () => {
  expect(isMachine(argv, exampleSpec({ uuid: '00000000-0000-4000-8000-000000000000' }))).toBe(false)
  expect(isMachine([], spec)).toBe(false)
  expect(isMachine(['grep', '-uuid', spec.uuid], spec)).toBe(false)
})
