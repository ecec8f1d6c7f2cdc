import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { provider as plugin } from '../../../../providers/qemu/index.ts'
import { byMerit, type Choice, ranking } from '../../../../src/app/provider/rank.ts'
import type { Needs } from '../../../../src/machine/index.ts'
import type { Capabilities, ProbeReport } from '../../../../src/provider/index.ts'

const any = plugin.create({ cacheDir: tmpdir(), emit: () => undefined })
const all: Capabilities = {
  arch: ['x86_64', 'aarch64'],
  boot: ['kernel', 'bios', 'uefi'],
  ...{ pause: true, nested: true, agent: true, udpForward: true },
}

const onProcessor = { usable: true, accelerator: 'kvm', hardware: true } as const
const emulated = { usable: true, accelerator: 'tcg', hardware: false } as const
const unusable = { usable: false, accelerator: null, hardware: false } as const

function choice(name: string, report: Omit<ProbeReport, 'reason'>, can: Partial<Capabilities> = {}): Choice {
  const capabilities = () => ({ ...all, ...can })
  return { provider: { ...any, name, capabilities }, report: { ...report, reason: 'tried' } }
}

const kernelsOnly: Partial<Capabilities> = { arch: ['x86_64'], boot: ['kernel'], network: true }
const kvm = (report: Omit<ProbeReport, 'reason'> = onProcessor, can: Partial<Capabilities> = {}) =>
  choice('kvm', report, { ...kernelsOnly, ...can })
const noPasst = { network: false, udpForward: false }
const qemu = (report: Omit<ProbeReport, 'reason'> = onProcessor) => choice('qemu', report)
const needs = (change: Partial<Needs> = {}): Needs => ({
  ...{ arch: 'x86_64', boot: 'kernel', nested: false, forwards: [], settings: [] },
  ...{ media: false, switchNics: false, isolated: false, hostAccess: false, shares: false, display: null },
  ...{ limits: false, memoryRange: false, thisHost: false },
  ...change,
})
const names = (choices: readonly Choice[]) => choices.map(({ provider }) => provider.name)

test.each<[string, Choice[], Partial<Needs>, string[]]>([
  ['equals stay in their order', [kvm(), qemu()], {}, ['kvm', 'qemu']],
  ['the processor itself before emulation', [kvm(), qemu(emulated)], {}, ['kvm', 'qemu']],
  ['what cannot run here is out', [kvm(unusable), qemu(emulated)], {}, ['qemu']],
  [
    'a screen',
    [kvm(), choice('qemu', emulated, { display: true })],
    { display: { width: 640, height: 480 } },
    ['qemu'],
  ],
  ['a folder to mount', [kvm(), choice('qemu', emulated, { shares: true })], { shares: true }, ['qemu']],
  ['limits', [kvm(), choice('qemu', emulated, { limits: true })], { limits: true }, ['qemu']],
  ['an image with a boot loader', [kvm(), qemu()], { boot: 'uefi' }, ['qemu']],
  ['another architecture', [kvm(), qemu(emulated)], { arch: 'aarch64' }, ['qemu']],
  [
    'a guest with machines of its own',
    [kvm(onProcessor, { nested: false }), qemu()],
    { nested: true },
    ['qemu'],
  ],
  ['a network before none', [kvm(onProcessor, noPasst), qemu()], {}, ['qemu', 'kvm']],
  [
    'a network before none, emulated or not',
    [kvm(onProcessor, noPasst), qemu(emulated)],
    {},
    ['qemu', 'kvm'],
  ],
  ['no network where there is nothing else', [kvm(onProcessor, noPasst), qemu(unusable)], {}, ['kvm']],
  ['ports need a network', [kvm(onProcessor, noPasst), qemu(unusable)], { forwards: ['tcp'] }, []],
  ['UDP', [kvm(onProcessor, { udpForward: false }), qemu()], { forwards: ['tcp', 'udp'] }, ['qemu']],
  ['a seed', [kvm(), choice('qemu', onProcessor, { media: true })], { media: true }, ['qemu']],
  ['settings for one of them', [kvm(), qemu(emulated)], { settings: ['qemu', 'acme'] }, ['qemu', 'kvm']],
  ['settings for one that cannot', [kvm(), qemu(unusable)], { settings: ['qemu'] }, ['kvm']],
])('%s', (_, choices, change, expected) => {
  expect(names(ranking(choices, needs(change)))).toEqual(expected)
})

test('without a machine in mind those that cannot run here come last', () => {
  expect(names([kvm(unusable), qemu(emulated)].sort(byMerit))).toEqual(['qemu', 'kvm'])
})

test('a machine of an isolated network goes to who can keep it in', () => {
  const can = { switchNics: true, isolation: true }
  const choices = [kvm(onProcessor, { switchNics: true }), choice('qemu', onProcessor, can)]
  expect(ranking(choices, needs({ switchNics: true }))[0]?.provider.name).toBe('kvm')
  expect(
    ranking(choices, needs({ switchNics: true, isolated: true })).map(({ provider }) => provider.name),
  ).toEqual(['qemu'])
})
