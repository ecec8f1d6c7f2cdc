import { expect, test } from 'vitest'
import { qemuArguments } from '../../../../../providers/qemu/argv/index.ts'
import { isMachine } from '../../../../../providers/qemu/process/find.ts'
import { exampleHost, exampleSpec } from '../spec.ts'

const spec = exampleSpec()
const program = '/usr/bin/qemu-system-x86_64'
const argv = [program, ...qemuArguments(spec, exampleHost())]

test('knows its own QEMU, also one that the manifest names', () => {
  expect(isMachine({ argv, program }, spec)).toBe(true)
  const named = exampleSpec({ options: { binary: '/opt/emulator' } })
  expect(isMachine({ argv, program: '/opt/emulator' }, named)).toBe(true)
})

test('takes no other process for it', () => {
  expect(isMachine({ argv, program }, exampleSpec({ uuid: '00000000-0000-4000-8000-000000000000' }))).toBe(
    false,
  )
  expect(isMachine({ argv: [], program }, spec)).toBe(false)
  expect(isMachine({ argv: ['grep', '-uuid', spec.uuid], program: '/bin/grep' }, spec)).toBe(false)
  expect(isMachine({ argv, program: '/usr/bin/python3.11' }, spec)).toBe(false)
})
