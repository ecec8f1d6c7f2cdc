import { describe, expect, it } from 'vitest'
import { nameOf } from '../../../../src/machine/observed/observe.ts'
import { pendingChanges } from '../../../../src/machine/plan/pending-changes.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

const port = {
  protocol: 'tcp' as const,
  hostAddress: '127.0.0.1',
  hostPort: 8080,
  guestPort: 80,
  auto: true,
  item: 0,
}

describe('pendingChanges', () => {
  it('is empty right after a start', () => {
    const config = aMachine({ ports: [port], disk: 2 ** 31 })
    expect(pendingChanges(config, aState(config), null)).toEqual({ atStart: [], anew: [] })
  })

  it.each([
    ['cpus', { cpus: 4 }],
    ['memory', { memory: 2 ** 31 }],
    ['disk', { disk: 2 ** 33 }],
    ['nested', { nested: true }],
    ['ports', { ports: [port] }],
    ['provider', { provider: 'kvm' }],
    ['providers', { providers: { qemu: { machine: 'pc' } } }],
  ])('a start applies %s', (name, change) => {
    expect(pendingChanges(aMachine(change), aState(), null)).toEqual({ atStart: [name], anew: [] })
  })

  it.each([
    ['box', { box: 'posada/tiny' }],
    ['box', { box: 'debian/12@1' }],
    ['arch', { arch: 'aarch64' as const }],
  ])('only a new machine applies %s', (name, change) => {
    expect(pendingChanges(aMachine(change), aState(), null)).toEqual({ atStart: [], anew: [name] })
  })

  it('does not take a port that was moved for a change', () => {
    const state = aState(aMachine(), {
      ports: [
        { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 50_000, guestPort: 80, movedFrom: 8080 },
      ],
    })
    expect(pendingChanges(aMachine({ ports: [port] }), state, null).atStart).toEqual([])
  })
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
