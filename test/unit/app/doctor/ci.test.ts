import { expect, it } from 'vitest'
import { type CiFacts, checkCi } from '../../../../src/app/doctor/ci.ts'

const programs = new Set(['qemu-system-x86_64', 'qemu-system-aarch64', 'passt', 'mmdebstrap'])
const facts: CiFacts = { service: null, kvm: 'usable', isRoot: false, programs }
const kvm = (changed: Partial<CiFacts>) =>
  checkCi({ ...facts, ...changed }).find(({ name }) => name === 'ci:kvm')

it('has nothing to say where all is there', () => {
  const checks = checkCi(facts)
  expect(checks.map(({ name }) => name)).toEqual([
    'ci:runner',
    'ci:kvm',
    'ci:tcg',
    'ci:passt',
    'ci:mmdebstrap',
  ])
  expect(checks.filter(({ status, hint }) => status !== 'ok' || hint !== undefined)).toEqual([])
})

it('says what opens /dev/kvm on each kind of runner', () => {
  const rule = 'KERNEL=="kvm", GROUP="kvm", MODE="0666"'
  expect(kvm({ kvm: 'closed', service: 'github' })?.hint).toMatch(/^run this in an earlier step: echo/)
  for (const service of ['github', 'gitlab', null] as const)
    expect(kvm({ kvm: 'closed', service })?.hint).toContain(rule)
  expect(kvm({ kvm: 'closed', service: 'gitlab' })?.hint).toContain('devices = ["/dev/kvm"]')
  expect(kvm({ kvm: 'closed' })?.hint).toContain('usermod -aG kvm')
})

it('says which runners have KVM, and that machines are emulated without', () => {
  expect(kvm({ kvm: 'missing' })).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('emulated'),
  })
  expect(kvm({ kvm: 'missing', service: 'github' })?.hint).toContain('ubuntu-latest')
  expect(kvm({ kvm: 'missing', service: 'gitlab' })?.hint).toContain('config.toml')
  expect(kvm({ kvm: 'missing' })?.hint).toContain('--device /dev/kvm')
})

it('names the package of what is missing, and sudo to those who need it', () => {
  const hints = (isRoot: boolean) =>
    checkCi({ ...facts, isRoot, programs: new Set() }).flatMap(({ hint }) => hint ?? [])
  expect(hints(true).every((hint) => hint.startsWith('apt-get install'))).toBe(true)
  expect(hints(false)).toContain('sudo apt-get install -y --no-install-recommends passt')
  expect(hints(false)).toHaveLength(3)
})
