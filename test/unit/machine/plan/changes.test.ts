import { describe, expect, it } from 'vitest'
import { nameOf } from '../../../../src/machine/observed/observe.ts'
import { type Change, changesOf, cures, pendingOf } from '../../../../src/machine/plan/changes.ts'
import type { Machine } from '../../../../src/manifest/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

const port = {
  protocol: 'tcp' as const,
  hostAddress: '127.0.0.1',
  hostPort: 8080,
  guestPort: 80,
  auto: true,
  item: 0,
}

const lan = { network: 'lan', ipv4: '10.1.2.3', ipv6: 'fd00::3', mac: '52:54:00:00:00:09' }

describe('changesOf', () => {
  it('is empty right after a start', () => {
    const config = aMachine({ ports: [port], disk: 2 ** 31 })
    expect(changesOf(config, aState(config), { userData: null })).toEqual([])
  })

  const start = 'start' as const
  const remake = 'remake' as const
  it.each<[Partial<Machine>, Change]>([
    [{ cpus: 4 }, { key: 'cpus', from: '1', to: '4', effect: start }],
    [{ memory: 2 ** 31 }, { key: 'memory', from: '512MiB', to: '2GiB', effect: start }],
    [{ disk: 2 ** 33 }, { key: 'disk', from: '1GiB', to: '8GiB', effect: start }],
    [{ disk: 2 ** 29 }, { key: 'disk', from: '1GiB', to: '512MiB', effect: remake }],
    [{ nested: true }, { key: 'nested', from: 'false', to: 'true', effect: start }],
    [{ ports: [port] }, { key: 'ports', from: 'none', to: '127.0.0.1:8080:80/tcp', effect: start }],
    [{ networks: [lan] }, { key: 'networks', from: 'none', to: 'lan (10.1.2.3)', effect: start }],
    [{ hostAccess: [53, 80] }, { key: 'host_access', from: 'none', to: '53, 80', effect: start }],
    [{ hostAccess: 'all' }, { key: 'host_access', from: 'none', to: 'all', effect: start }],
    [{ provider: 'kvm' }, { key: 'provider', from: 'qemu', to: 'kvm', effect: start }],
    [
      { providers: { qemu: { machine: 'pc' } } },
      { key: 'providers', from: '{}', to: '{"machine":"pc"}', effect: start },
    ],
    [{ box: 'posada/tiny' }, { key: 'box', from: 'debian/12@20261122.1', to: 'posada/tiny', effect: remake }],
    [{ box: 'debian/12@1' }, { key: 'box', from: 'debian/12@20261122.1', to: 'debian/12@1', effect: remake }],
    [{ arch: 'aarch64' }, { key: 'arch', from: 'x86_64', to: 'aarch64', effect: remake }],
  ])('%j', (change, expected) => {
    expect(changesOf(aMachine(change), aState(), { userData: null })).toEqual([expected])
  })

  it('compares user-data by digest, where it can be read', () => {
    const digest = 'a'.repeat(64)
    expect(changesOf(aMachine(), aState(), { userData: undefined })).toEqual([])
    expect(changesOf(aMachine(), aState(), { userData: digest })).toEqual([
      { key: 'cloud_init', from: 'none', to: `sha256:${'a'.repeat(12)}`, effect: 'remake' },
    ])
  })

  it('says nothing of what takes effect without a start', () => {
    const config = aMachine({ env: { A: 'b' }, autoPorts: true, bootTimeout: 1, haltTimeout: 1 })
    expect(changesOf(config, aState(), { userData: null })).toEqual([])
  })

  it('does not take a port that was moved for a change', () => {
    const state = aState(aMachine(), {
      ports: [
        { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 50_000, guestPort: 80, movedFrom: 8080 },
      ],
    })
    expect(changesOf(aMachine({ ports: [port] }), state, { userData: null })).toEqual([])
  })
})

it('names the cure of each change', () => {
  const config = aMachine({ cpus: 4, memory: 2 ** 31, box: 'posada/tiny' })
  expect(cures('web', pendingOf(changesOf(config, aState(), { userData: null })))).toEqual([
    'cpus, memory (posada reload web)',
    'box (posada destroy web, then posada up)',
  ])
})

describe('nameOf', () => {
  const started = aState(aMachine(), { start: { at: 'then' } })
  const ready = aState(aMachine(), { start: { at: 'then', readyAt: 'later' } })
  const panicked = aState(aMachine(), { start: { at: 'then', panic: 'Kernel panic - not syncing: …' } })
  const running = { state: 'running' as const, pid: 1, accelerator: 'tcg' }

  it.each([
    ['starting', started, running],
    ['running', ready, running],
    ['paused', ready, { ...running, state: 'paused' as const }],
    ['crashed', ready, { state: 'stopped' as const, crashed: true }],
    ['stopped', ready, { state: 'stopped' as const, crashed: false }],
    ['crashed', panicked, { state: 'stopped' as const, crashed: false }],
    ['created', aState(), { state: 'stopped' as const, crashed: false }],
    ['created', aState(), { state: 'absent' as const }],
  ])('%s', (name, state, found) => {
    expect(nameOf(state, found)).toBe(name)
  })
})
