import { expect, test } from 'vitest'
import { isMachine as isProcess, processTitle } from '../../../../../providers/kvm/process/title.ts'

const id = '0a1b2c3d'
const isMachine = (argv: string[], wanted: string, program = '/usr/bin/node') =>
  isProcess({ argv, program }, wanted)

test('knows its own process by its title, and by its arguments before it has one', () => {
  const title = processTitle({ name: 'web', id })
  expect(isMachine([title], id)).toBe(true)
  expect(isMachine([title, '', '', ''], id)).toBe(true)
  expect(isMachine(['/usr/bin/node', '/opt/posada/dist/kvm-vmm.cjs', 'web', id, ''], id)).toBe(true)
  expect(isMachine(['node', '--flag=1', '/dist/kvm-vmm.cjs', 'web', id], id)).toBe(true)
})

test('takes no other process for it', () => {
  const other = 'ffffffff'
  expect(isMachine([processTitle({ name: 'web', id })], other)).toBe(false)
  expect(isMachine(['node', '/dist/kvm-vmm.cjs', 'web', id], other)).toBe(false)
  expect(isMachine(['node', '/dist/kvm-vcpu.cjs', 'web', id], id)).toBe(false)
  expect(isMachine(['less', 'kvm-vmm.cjs', 'web', 'x', id], id)).toBe(false)
  expect(isMachine(['node', '--flag', 'kvm-vmm.cjs', '--flag', 'web', id], id)).toBe(false)
  expect(isMachine(['vi', `posada-kvm web ${id}`], id)).toBe(false)
  expect(isMachine([], id)).toBe(false)
  expect(isMachine([processTitle({ name: 'web', id })], id, '/usr/bin/python3.11')).toBe(false)
})
