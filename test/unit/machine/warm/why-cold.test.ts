import { describe, expect, it } from 'vitest'
import { warmKey } from '../../../../src/machine/warm/key.ts'
import { type Candidate, makesLayers, whyCold } from '../../../../src/machine/warm/why-cold.ts'
import type { MachineSpec } from '../../../../src/provider/index.ts'
import { aBox, aMachine, aState } from '../../../helpers/model.ts'

const file = { file: 'k', size: 1, sha256: '0'.repeat(64) }
const { manifest } = aBox({ kernel: { kernel: file, cmdline: '', takesIdentity: true } })
const done = async () => undefined
const able = {
  name: 'qemu',
  capabilities: () => ({ snapshot: true }),
  save: async () => null,
  load: done,
  setLinks: done,
  memoryFacts: async () => ({}),
  hostOptions: ({ args }: Record<string, unknown>) =>
    args === undefined ? [] : [{ what: 'starts QEMU with arguments', texts: [] }],
} as unknown as Candidate['provider']

function candidate(changes: Partial<Candidate> = {}): Candidate {
  const config = changes.config ?? aMachine()
  return { config, spec: aState(config).spec, box: manifest, provider: able, isBuiltIn: true, ...changes }
}
const withSpec = (changes: Partial<MachineSpec>) => candidate({ spec: { ...aState().spec, ...changes } })

describe('a new machine', () => {
  it('may begin with a warm image', () => {
    expect(whyCold(candidate())).toBeNull()
  })

  it.each<[string, Candidate, RegExp]>([
    ['of a box whose guests keep their identity', candidate({ box: aBox().manifest }), /identity/],
    ['of a box that says nothing', candidate({ box: { ...manifest, announcesReady: false } }), /identity/],
    ['booted by firmware', withSpec({ boot: { kind: 'firmware', firmware: 'bios' } }), /identity/],
    ['set up by cloud-init', withSpec({ media: [{ name: 'cidata', path: '/x' }] }), /first boot/],
    ['with mounts', withSpec({ shares: [] }), /mounted/],
    ['with a screen', withSpec({ display: { width: 1, height: 1 } }), /screen/],
    ['that runs machines', withSpec({ nested: true }), /nested/],
    ['with arguments for QEMU', withSpec({ options: { args: ['-x'] } }), /files of this computer/],
    ['of a package', candidate({ isBuiltIn: false }), /provider qemu/],
    [
      'whose cables cannot be pulled',
      candidate({ provider: { ...able, setLinks: undefined } as unknown as Candidate['provider'] }),
      /provider qemu/,
    ],
    [
      'with disks of its own',
      candidate({
        config: aMachine({ disks: [{ name: 'data', size: 1, place: aMachine().place() }] }),
      }),
      /disks/,
    ],
  ])('boots where it is one %s', (_, one, why) => {
    expect(whyCold(one)).toMatch(why)
  })

  it('boots where its steps leave layers that there are not yet', () => {
    const [first, second] = [{ key: 'a' }, { key: 'b' }]
    expect(makesLayers(null, [])).toBe(false)
    expect(makesLayers(null, [first])).toBe(true)
    expect(makesLayers(first, [first, second])).toBe(true)
    expect(makesLayers(second, [first, second])).toBe(false)
  })
})

describe('the key of an image', () => {
  const { spec } = aState()
  const origin = { spec, provider: 'qemu', box: 'a', layer: null }
  const [disk] = spec.disks
  const [nic] = spec.nics

  it('is that of another machine with the same hardware', () => {
    const other = {
      ...spec,
      ...{ id: 'ffffffff', uuid: 'u', name: 'db', throwAway: true as const },
      nics: spec.nics.map((each) => ({ ...each, mac: '52:54:00:00:00:09' })),
      boot: { kind: 'kernel' as const, kernel: '/k', cmdline: 'posada.hostname=db' },
      disks: spec.disks.map((each) => ({ ...each, path: '/elsewhere' })),
    }
    expect(warmKey({ ...origin, spec: other })).toBe(warmKey(origin))
    expect(warmKey(origin)).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is another where anything differs that its guest sees', () => {
    if (disk === undefined || nic === undefined) throw new Error('no disk or no NIC')
    const others = [
      { ...origin, box: 'b' },
      { ...origin, layer: 'c' },
      { ...origin, provider: 'kvm' },
      ...[
        { cpus: 2 },
        { memory: spec.memory * 2 },
        { arch: 'aarch64' as const },
        { disks: [{ ...disk, size: disk.size * 2 }] },
        { nics: [nic, { kind: 'switch' as const, mac: '52:54:00:00:00:01', socket: '/s' }] },
        { options: { cpu: 'EPYC' } },
      ].map((change) => ({ ...origin, spec: { ...spec, ...change } })),
    ]
    expect(new Set([origin, ...others].map(warmKey)).size).toBe(others.length + 1)
  })
})
