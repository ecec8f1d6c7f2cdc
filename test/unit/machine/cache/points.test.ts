import { describe, expect, it } from 'vitest'
import {
  type Beginning,
  cachePoints,
  type DigestedStep,
  layerName,
} from '../../../../src/machine/cache/points.ts'
import { sparedBy } from '../../../../src/machine/plan/spared-by.ts'

const box = (digest: string, virtualSize = 1000) =>
  ({ digest, manifest: { disks: [{ virtualSize }] } }) as unknown as Beginning['box']
const beginning: Beginning = { box: box('b'), userData: null, disk: null }
const step = (name: string, change: Partial<DigestedStep['step']> & { digest?: string | null } = {}) => {
  const { digest = `digest of ${name}`, ...rest } = change
  return { step: { name, kind: 'shell' as const, reboot: false, run: 'changed' as const, ...rest }, digest }
}
const cached = (name: string, change = {}) => step(name, { cache: true, ...change })
const keys = (steps: DigestedStep[], from: Partial<Beginning> = {}) =>
  cachePoints({ ...beginning, ...from }, steps).map(({ key }) => key)

describe('where the disk is kept', () => {
  it('is behind each step that says so, with all steps before it', () => {
    const points = cachePoints(beginning, [step('a'), cached('b'), step('c'), cached('d'), step('e')])
    expect(points.map(({ steps }) => steps.map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['a', 'b', 'c', 'd'],
    ])
    expect(new Set(points.map(({ key }) => key)).size).toBe(2)
  })

  it('is nowhere behind a step whose script is yet to be fetched', () => {
    expect(keys([cached('a'), step('b', { digest: null }), cached('c')])).toHaveLength(1)
  })

  const [key] = keys([step('a'), cached('b')])

  it.each<[string, DigestedStep[], Partial<Beginning>?]>([
    ['another box', [step('a'), cached('b')], { box: box('other') }],
    ['other user-data', [step('a'), cached('b')], { userData: 'u' }],
    ['a larger disk', [step('a'), cached('b')], { disk: 2000 }],
    ['a step that does something else', [step('a', { digest: 'other' }), cached('b')]],
    ['a step of another kind', [step('a', { kind: 'file' }), cached('b')]],
    ['a step that restarts the guest', [step('a'), cached('b', { reboot: true })]],
    ['a step less', [cached('b')]],
    ['the other order', [cached('b'), cached('a')].reverse().slice(0, 1)],
  ])('is another place with %s', (_, steps, from) => {
    expect(keys(steps, from)).not.toContain(key)
  })

  it.each<[string, DigestedStep[], Partial<Beginning>?]>([
    ['other names', [step('x', { digest: 'digest of a' }), cached('y', { digest: 'digest of b' })]],
    ['other steps behind it', [step('a'), cached('b'), step('c')]],
    ['a place more before it', [cached('a'), cached('b')]],
    ['the size that the box has', [step('a'), cached('b')], { disk: 1000 }],
  ])('is the same with %s', (_, steps, from) => {
    expect(keys(steps, from)).toContain(key)
  })

  it('has a name that a box may have', () => {
    expect(layerName({ key: 'c'.repeat(64) })).toMatch(/^layer\/[0-9a-f]{32}$/)
  })
})

describe('the steps of a new machine', () => {
  const due = (name: string, always = false) => ({
    name,
    due: true,
    from: null,
    to: `digest of ${name}`,
    always,
  })

  it('are done as far as its layer has them, apart from those that run every time', () => {
    const [layer] = cachePoints(beginning, [step('a'), step('b'), cached('c')])
    const steps = sparedBy(layer ?? null, [due('a'), due('b', true), due('c'), due('d')])
    expect(steps.map(({ name, due, from }) => [name, due, from])).toEqual([
      ['a', false, 'digest of a'],
      ['b', true, 'digest of b'],
      ['c', false, 'digest of c'],
      ['d', true, null],
    ])
  })

  it('are all due without one', () => {
    expect(sparedBy(null, [due('a'), due('b')])).toEqual([due('a'), due('b')])
  })
})
