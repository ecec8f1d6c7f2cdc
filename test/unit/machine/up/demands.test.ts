import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { provider as plugin } from '../../../../providers/qemu/index.ts'
import type { BoxManifest } from '../../../../src/box/index.ts'
import { needsOf } from '../../../../src/machine/facts/needs.ts'
import { checkDemands, optionProblems } from '../../../../src/machine/up/demands.ts'
import type { Machine } from '../../../../src/manifest/index.ts'
import type { Capabilities } from '../../../../src/provider/index.ts'
import { aBox, aMachine } from '../../../helpers/model.ts'

const qemu = plugin.create({ cacheDir: tmpdir(), emit: () => undefined })
const limited = (capabilities: Partial<Capabilities>) => ({
  ...qemu,
  name: 'limited',
  checkOptions: qemu.checkOptions,
  capabilities: () => ({ ...qemu.capabilities(), ...capabilities }),
})
const udp = {
  protocol: 'udp' as const,
  hostAddress: '127.0.0.1',
  hostPort: 53,
  guestPort: 53,
  auto: false,
  item: 0,
}

const needs = (config: Machine, box: Partial<BoxManifest> = {}) => needsOf(config, aBox(box).manifest, false)

describe('optionProblems', () => {
  it('gives each wrong option its place in the manifest', () => {
    const config = aMachine({ providers: { qemu: { acel: 'tcg', cpu: 5 }, other: { any: 'thing' } } })
    expect(optionProblems(qemu, config)).toMatchObject([
      { code: 'E_PROVIDER_OPTION', value: 'acel', place: { line: 3 } },
      { code: 'E_PROVIDER_OPTION', value: 'cpu', place: { line: 3 } },
    ])
    expect(optionProblems(qemu, aMachine())).toEqual([])
  })
})

describe('checkDemands', () => {
  it('lets pass what QEMU can', () => {
    const config = aMachine({ ports: [udp] })
    expect(() => checkDemands(qemu, config, needs(config))).not.toThrow()
  })

  it.each([
    ['udpForward', { udpForward: false }, aMachine({ ports: [udp] }), 'limited cannot forward UDP'],
    ['nested', { nested: false }, aMachine({ nested: true }), 'limited cannot let a guest run machines'],
    [
      'display',
      { display: false },
      aMachine({ display: { width: 640, height: 480 } }),
      'limited cannot show a screen',
    ],
    [
      'limits',
      { limits: false },
      aMachine({ limits: { disk: { iops: 5, bandwidth: null }, network: { bandwidth: null } } }),
      'limited cannot limit',
    ],
    ['hostAccess', { hostAccess: false }, aMachine({ hostAccess: [53] }), 'limited cannot open some ports'],
    [
      'thisHost',
      { host: 'ssh://ana@build' },
      aMachine({ hostAccess: 'all' }),
      'limited cannot keep disks on this',
    ],
    ['arch', { arch: ['aarch64' as const] }, aMachine(), 'limited cannot run x86_64 guests'],
    ['boot', { boot: ['bios' as const] }, aMachine(), 'limited cannot boot a box by kernel'],
  ])('refuses what a provider without %s cannot', (_, capabilities, config, message) => {
    expect(() => checkDemands(limited(capabilities), config, needs(config))).toThrow(
      expect.objectContaining({ code: 'E_CAPABILITY', message: expect.stringContaining(message) }),
    )
  })

  it('says how a box that boots through firmware becomes one that it can start', () => {
    const config = aMachine()
    const { kernel: _, ...manifest } = aBox().manifest
    const firmware = needsOf(config, manifest, false)
    const hint = expect.stringMatching(
      /posada up \S+ .*posada box package \S+ --with-kernel --name local\/\S+/,
    )
    expect(() => checkDemands(limited({ boot: ['kernel'] }), config, firmware)).toThrow(
      expect.objectContaining({ code: 'E_CAPABILITY', hint }),
    )
  })

  it('refuses to boot what would wait for a seed in vain', () => {
    const seeded = needs(aMachine(), { seed: 'nocloud' })
    expect(() => checkDemands(qemu, aMachine(), seeded)).not.toThrow()
    expect(() => checkDemands(limited({ media: false }), aMachine(), seeded)).toThrow(/give a guest a seed/)
  })

  it('reports all at once', () => {
    const config = aMachine({ ports: [udp], nested: true })
    const provider = limited({ udpForward: false, nested: false })
    expect(() => checkDemands(provider, config, needs(config))).toThrow(
      expect.objectContaining({ problems: [expect.anything(), expect.anything()] }),
    )
  })
})
