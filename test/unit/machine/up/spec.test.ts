import { describe, expect, it } from 'vitest'
import { wantedArch } from '../../../../src/machine/facts/arch.ts'
import { machineSpec } from '../../../../src/machine/up/spec.ts'
import { aBox, aMachine, somePaths } from '../../../helpers/model.ts'

const inputs = {
  id: '0a1b2c3d',
  config: aMachine(),
  box: aBox(),
  paths: somePaths(),
  runtimeDir: '/run/posada/0a1b2c3d',
  forwards: [],
  networks: [],
  isolated: false,
  grown: 0,
  hostName: 'web',
  provider: 'qemu',
}

describe('machineSpec', () => {
  it('is plain data with absolute paths', () => {
    const spec = machineSpec(inputs)
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec)
    expect(spec).toMatchSnapshot()
  })

  it('keeps UUID and MAC for as long as the id is the same, and shares them with no other', () => {
    const again = machineSpec({ ...inputs, config: aMachine({ memory: 2 ** 30 }) })
    const other = machineSpec({ ...inputs, id: 'ffffffff' })
    expect(again.uuid).toBe(machineSpec(inputs).uuid)
    expect(again.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(again.nics[0]?.mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/)
    expect(other.uuid).not.toBe(again.uuid)
    expect(other.nics[0]?.mac).not.toBe(again.nics[0]?.mac)
  })

  it('opens no port of the host that the manifest does not name', () => {
    const accessOf = (config = aMachine()) => machineSpec({ ...inputs, config }).nics[0]
    expect(accessOf()).not.toHaveProperty('hostAccess')
    expect(accessOf(aMachine({ hostAccess: [5432] }))).toMatchObject({ hostAccess: [5432] })
    expect(accessOf(aMachine({ hostAccess: 'all' }))).toMatchObject({ hostAccess: 'all' })
  })

  it('hands a provider only its own options', () => {
    const config = aMachine({ providers: { qemu: { machine: 'pc' }, kvm: { fast: true } } })
    expect(machineSpec({ ...inputs, config }).options).toEqual({ machine: 'pc' })
  })

  it('boots a box without a kernel through its firmware', () => {
    const { kernel: _, ...bare } = aBox().manifest
    const box = { ...aBox(), manifest: bare }
    expect(machineSpec({ ...inputs, box }).boot).toEqual({ kind: 'firmware', firmware: 'bios' })
    const uefi = { ...box, manifest: { ...bare, firmware: 'uefi' as const } }
    expect(machineSpec({ ...inputs, box: uefi }).boot).toEqual({ kind: 'firmware', firmware: 'uefi' })
  })

  it('grows the first disk to the size asked for, in whole sectors', () => {
    const config = aMachine({ disk: 2 * 2 ** 30 + 1 })
    expect(machineSpec({ ...inputs, config }).disks[0]?.size).toBe(2 * 2 ** 30 + 512)
  })

  it('leaves the first disk the size that it has come to', () => {
    const sizes = (disk: number | null, grown: number) =>
      machineSpec({ ...inputs, config: aMachine({ disk }), grown }).disks.map(({ size }) => size)
    expect(sizes(2 ** 31, 2 ** 32)).toEqual([2 ** 32])
    expect(sizes(null, 2 ** 32)).toEqual([2 ** 32])
    expect(sizes(2 ** 33, 2 ** 32)).toEqual([2 ** 33])
  })

  it('refuses a disk smaller than the box with the place in the manifest', () => {
    const config = aMachine({ disk: 2 ** 20 })
    expect(() => machineSpec({ ...inputs, config })).toThrow(
      expect.objectContaining({ code: 'E_DISK_SHRINK', place: expect.objectContaining({ line: 1 }) }),
    )
  })

  it('refuses less memory than the box boots with', () => {
    const config = aMachine({ memory: 64 * 2 ** 20 })
    expect(() => machineSpec({ ...inputs, config })).toThrow(
      expect.objectContaining({ code: 'E_VALUE_INVALID', hint: 'give it at least 256MiB' }),
    )
  })
})

describe('wantedArch', () => {
  it('takes the host’s where the manifest says host', () => {
    expect(wantedArch(aMachine({ arch: 'host' }), 'aarch64')).toBe('aarch64')
    expect(wantedArch(aMachine({ arch: 'host' }), 'x86_64')).toBe('x86_64')
    expect(wantedArch(aMachine({ arch: 'aarch64' }), 'x86_64')).toBe('aarch64')
  })
})
