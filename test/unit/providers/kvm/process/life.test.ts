import { describe, expect, it } from 'vitest'
import {
  afterEvent,
  firstLife,
  type Life,
  type LifeEvent,
} from '../../../../../providers/kvm/process/life.ts'

const on: Life = { ...firstLife, phase: 'on' }
const between: Life = { ...firstLife, phase: 'between' }
const ended: Life = { ...firstLife, phase: 'ended', ending: { how: 'off', reason: 'it was switched off' } }

/** What comes of events one after the other, and what was to be done. */
function live(life: Life, ...events: LifeEvent[]) {
  const actions = events.map((event) => {
    const next = afterEvent(life, event)
    life = next.life
    return next.action
  })
  return { life, actions }
}

describe('the life of a machine', () => {
  it('begins to run with its first guest', () => {
    expect(live(firstLife, { type: 'started' })).toEqual({ life: on, actions: ['resume'] })
  })

  it.each<[LifeEvent, Life, (string | null)[]]>([
    [{ type: 'pause' }, { ...on, still: 'asked' }, ['pause']],
    [{ type: 'resume' }, on, ['resume']],
    [{ type: 'no-space' }, { ...on, still: 'disk-full' }, ['pause']],
    [{ type: 'reset' }, between, ['restart']],
    [{ type: 'triple-fault', ran: 5 }, { ...between, crashes: 1 }, ['restart']],
    [{ type: 'started' }, on, [null]],
  ])('while it is on: $type', (event, life, actions) => {
    expect(live(on, event)).toEqual({ life, actions })
  })

  it.each<[LifeEvent, string, RegExp]>([
    [{ type: 'off' }, 'off', /shut down/],
    [{ type: 'cut', reason: 'by hand' }, 'cut', /by hand/],
    [{ type: 'failed', reason: 'KVM' }, 'failed', /KVM/],
  ])('ends with $type, once', (event, how, reason) => {
    const after = live(on, event, event, { type: 'reset' }, { type: 'pause' }, { type: 'started' })
    expect(after.life.phase).toBe('ended')
    expect(after.life.ending).toEqual({ how, reason: expect.stringMatching(reason) })
    expect(after.actions).toEqual(['end', null, null, null, null])
  })

  it('stays at an end', () => {
    const all = ['pause', 'resume', 'reset', 'off', 'no-space', 'started'] as const
    expect(live(ended, ...all.map((type) => ({ type }))).life).toBe(ended)
  })

  it('between two guests hears orders, and nothing more of the guest before', () => {
    const after = live(
      between,
      { type: 'off' },
      { type: 'triple-fault', ran: 1 },
      { type: 'no-space' },
      { type: 'pause' },
    )
    expect(after).toEqual({ life: { ...between, still: 'asked' }, actions: [null, null, null, null] })
    expect(live(after.life, { type: 'started' })).toEqual({
      life: { ...on, still: 'asked' },
      actions: [null],
    })
    expect(live(after.life, { type: 'resume' }, { type: 'started' }).actions).toEqual([null, 'resume'])
    expect(live(between, { type: 'cut', reason: '' }).actions).toEqual(['end'])
    expect(live(between, { type: 'failed', reason: '' }).life.ending?.how).toBe('failed')
  })

  it('stands still until it is told to go on, whatever else stops it', () => {
    const full = live(on, { type: 'no-space' }, { type: 'no-space' })
    expect(full.life.still).toBe('disk-full')
    expect(live(full.life, { type: 'pause' }).life.still).toBe('asked')
    expect(live(on, { type: 'pause' }, { type: 'no-space' }).life.still).toBe('asked')
    expect(live(full.life, { type: 'resume' })).toEqual({ life: on, actions: ['resume'] })
  })

  it('restarts after a triple fault, and ends after the third that comes soon', () => {
    const fault = (ran: number): LifeEvent => ({ type: 'triple-fault', ran })
    const started: LifeEvent = { type: 'started' }
    const soon = live(on, fault(100), started, fault(9_999), started, fault(0))
    expect(soon.actions).toEqual(['restart', 'resume', 'restart', 'resume', 'end'])
    expect(soon.life.ending).toEqual({ how: 'failed', reason: expect.stringContaining('triple fault') })
    const late = live(on, fault(100), started, fault(100), started, fault(10_000), started, fault(5))
    expect(late.life.crashes).toBe(2)
    const between = live(on, fault(1), started, { type: 'reset' }, started, fault(1), started, fault(1))
    expect(between.life).toMatchObject({ phase: 'between', crashes: 2 })
  })
})
