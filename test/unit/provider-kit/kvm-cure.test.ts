import { expect, test } from 'vitest'
import { cureOn, type KvmHost, kvmCure } from '../../../src/provider-kit/kvm-cure.ts'

const host: KvmHost = {
  flags: ['fpu', 'vmx'],
  container: false,
  groups: ['root:x:0:', 'kvm:x:106:ann,bob', ''],
  user: 'eve',
  device: null,
}
const cure = (change: Partial<KvmHost>) => cureOn({ ...host, ...change }, '/dev/kvm')

test('a device that is missing: module, firmware, nested virtualisation, container', () => {
  expect(cure({})).toBe('load the module: sudo modprobe kvm_intel')
  expect(cure({ flags: ['svm'] })).toBe('load the module: sudo modprobe kvm_amd')
  expect(cure({ flags: ['fpu'] })).toContain('in the firmware')
  expect(cure({ flags: ['hypervisor'] })).toContain('nested virtualisation')
  expect(cure({ container: true })).toBe('start the container with --device /dev/kvm')
})

test('a device that may not be opened: the group that may, or none', () => {
  const device = { gid: 106, mode: 0o20660 }
  expect(cure({ device })).toBe('join the group and log in again: sudo usermod -aG kvm "$USER"')
  expect(cure({ device, user: 'bob' })).toMatch(/^log in again: bob is in the group kvm/)
  expect(cure({ device, groups: [] })).toContain('usermod -aG 106 ')
})

test.each([
  ['root’s group', { gid: 0, mode: 0o20660 }],
  ['a group that may not use it', { gid: 106, mode: 0o20600 }],
])('a device of %s is given to the group kvm first', (_, device) => {
  expect(cure({ device })).toMatch(
    /: sudo chgrp kvm \/dev\/kvm && sudo chmod 660 .* usermod -aG kvm "\$USER"$/,
  )
  expect(cure({ device, groups: ['root:x:0:'] })).toContain('sudo groupadd --system kvm && sudo chgrp')
})

test('a host that is there is looked at', () => {
  expect(kvmCure('/dev/null')).not.toBe('')
  expect(kvmCure('/dev/there-is-no-such-device')).not.toBe('')
})
