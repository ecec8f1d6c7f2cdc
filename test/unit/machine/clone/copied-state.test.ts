import { describe, expect, it } from 'vitest'
import { copiedState } from '../../../../src/machine/clone/copied-state.ts'
import { hardwareOf } from '../../../../src/machine/memory/hardware.ts'
import type { WrittenStep } from '../../../../src/manifest/index.ts'
import type { MachineState, SavedMemory, Snapshot } from '../../../../src/project/index.ts'
import { aBox, aMachine, aState } from '../../../helpers/model.ts'

const attachment = { network: 'back', ipv6: 'fd00::1', socket: '/run/net1.sock' }
const original: MachineState = {
  ...aState(),
  networks: [{ ...attachment, mac: '52:54:00:00:00:01', ipv4: '10.40.0.10' }],
}
const withNic: MachineState = {
  ...original,
  spec: {
    ...original.spec,
    boot: {
      kind: 'kernel',
      kernel: '/k',
      cmdline: 'ro posada.hostname=web posada.key=AAAA,web posada.identity=1',
    },
    nics: [...original.spec.nics, { kind: 'switch', mac: '52:54:00:00:00:01', socket: '/run/net1.sock' }],
  },
}
const memory: SavedMemory = {
  ...{ version: 1, at: '2026-01-01T00:00:00.000Z', size: 5, sha256: '0'.repeat(64) },
  ...{ hardware: hardwareOf(withNic.spec), facts: {}, disks: {} },
}
const snapshot: Snapshot = {
  ...{ version: 1, id: '0000000a', name: 'clean', note: null, at: '2026-01-01T00:00:00.000Z', parent: null },
  ...{ state: withNic, memory },
}
const attached = { network: 'back', ipv4: '10.40.0.11', ipv6: 'fd00::2', mac: '52:54:00:00:00:02' }
const copying = {
  ...{ snapshot, config: aMachine({ name: 'web-2', networks: [attached] }), projectId: '12345678' },
  ...{ hostName: 'web-2', token: '0123abcd', at: '2026-02-01T00:00:00.000Z', cold: false },
  box: aBox({
    kernel: { kernel: { file: 'k', size: 1, sha256: '0'.repeat(64) }, cmdline: '', takesIdentity: true },
  }),
}

describe('what is recorded of a copy', () => {
  const copy = copiedState(copying)

  it('is another machine in all that tells machines apart', () => {
    expect(copy.spec.name).toBe('web-2')
    for (const name of ['id', 'uuid'] as const) expect(copy.spec[name]).not.toBe(withNic.spec[name])
    expect(copy.spec.nics.map(({ mac }) => mac)).toEqual([withNic.spec.nics[0]?.mac, attached.mac])
    expect(copy.networks).toEqual([{ ...attachment, ...attached }])
    expect(copy.spec.boot).toMatchObject({ cmdline: 'ro posada.hostname=web-2 posada.identity=0123abcd' })
    expect(copy).toMatchObject({ copy: { of: 'web', token: '0123abcd', due: true }, ports: [] })
    expect(copy.spec.nics[0]).toMatchObject({ forwards: [] })
  })

  it('goes on from the memory of the other, which fits it', () => {
    expect(copy.suspended).toMatchObject({ snapshot: '0000000a', hardware: hardwareOf(copy.spec) })
    expect(copy).toMatchObject({ restoring: '0000000a', createdAt: copying.at })
  })

  it('has yet to run the steps that are for each copy', () => {
    const step = (name: string, onFork: boolean): WrittenStep => ({
      ...{ kind: 'shell', name, run: 'once', retries: 0, reboot: false, timeout: null, onFork },
      ...{ source: { inline: 'true' }, args: [], env: {}, user: 'root', sensitive: {} },
      place: { file: '/shop/posada.yaml', line: 1, column: 1 },
    })
    const config = aMachine({ name: 'web-2', provision: [step('packages', false), step('node', true)] })
    const done = { digest: 'd', at: copying.at }
    const state = { ...withNic, provision: { packages: done, node: done } }
    const { provision } = copiedState({ ...copying, config, snapshot: { ...snapshot, state } })
    expect(provision).toEqual({ packages: done })
  })

  it('boots where it is to be cold, with another address to the outside as well', () => {
    const cold = copiedState({ ...copying, cold: true })
    expect(cold.suspended).toBeUndefined()
    expect(cold.start).toBeUndefined()
    expect(cold.spec.nics[0]?.mac).not.toBe(withNic.spec.nics[0]?.mac)
  })

  it('has cloud-init begin again where it boots, and only there', () => {
    const settled = { userData: 'f'.repeat(64), doneAt: copying.at }
    const seeded = { ...copying, snapshot: { ...snapshot, state: { ...withNic, cloudInit: settled } } }
    expect(copiedState({ ...seeded, cold: true }).cloudInit).toEqual({ userData: settled.userData })
    expect(copiedState(seeded).cloudInit).toEqual(settled)
  })
})
