import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { provider as plugin } from '../../../../providers/qemu/index.ts'
import { checkProviders } from '../../../../src/app/doctor/providers.ts'
import type { Choice } from '../../../../src/app/provider/rank.ts'
import type { ProbeReport } from '../../../../src/provider/index.ts'

const qemu = plugin.create({ cacheDir: tmpdir(), emit: () => undefined })
const choice = (name: string, report: ProbeReport): Choice => ({ provider: { ...qemu, name }, report })
const check = (...choices: Choice[]) =>
  checkProviders({ all: async () => choices }, new AbortController().signal)

const onProcessor: ProbeReport = { usable: true, accelerator: 'kvm', hardware: true, reason: 'it ran' }
const emulated: ProbeReport = { usable: true, accelerator: 'tcg', hardware: false, reason: 'it crawled' }
const unusable: ProbeReport = { ...emulated, usable: false, accelerator: null, reason: 'no hardware' }

test('says in one line what auto takes, and why nothing better', async () => {
  expect((await check(choice('kvm', onProcessor), choice('qemu', onProcessor))).auto).toEqual({
    provider: 'kvm',
    reason: 'it runs guests on the processor itself',
  })
  expect((await check(choice('qemu', emulated), choice('kvm', unusable))).auto).toEqual({
    provider: 'qemu',
    reason: 'it emulates the processor (tcg); not kvm: no hardware',
  })
  expect((await check(choice('qemu', unusable), choice('kvm', unusable))).auto).toBeNull()
})

test('one that works and lacks something is a warning with its packages', async () => {
  const lacking = { ...onProcessor, hint: 'install passt', packages: ['passt'] }
  const { checks } = await check(choice('kvm', lacking), choice('qemu', onProcessor))
  expect(checks).toMatchObject([
    { name: 'provider:kvm', status: 'warn', hint: 'install passt', packages: ['passt'] },
    { name: 'provider:qemu', status: 'ok' },
  ])
})

test('what confines machines is a check of its own, a warning where it could be more', async () => {
  const confined = { ...onProcessor, confinement: { message: 'by seccomp' } }
  const open = { ...onProcessor, confinement: { message: 'by nothing', hint: 'another kernel' } }
  const { checks } = await check(choice('kvm', confined), choice('qemu', open))
  expect(checks.slice(2)).toEqual([
    { name: 'confinement:kvm', status: 'ok', message: 'kvm: by seccomp' },
    { name: 'confinement:qemu', status: 'warn', message: 'qemu: by nothing', hint: 'another kernel' },
  ])
})

test('one that does not work is a warning where another does, else a failure', async () => {
  const statuses = async (...choices: Choice[]) =>
    (await check(...choices)).checks.map(({ status }) => status)
  expect(await statuses(choice('qemu', emulated), choice('kvm', unusable))).toEqual(['ok', 'warn'])
  expect(await statuses(choice('qemu', unusable), choice('kvm', unusable))).toEqual(['fail', 'fail'])
})
