import { describe, expect, it } from 'vitest'
import { noDisks } from '../../../../src/machine/disks/look.ts'
import type { Found } from '../../../../src/machine/facts/observed.ts'
import { changesOf } from '../../../../src/machine/plan/changes.ts'
import { decide, type Wanted } from '../../../../src/machine/plan/decide.ts'
import type { Machine } from '../../../../src/manifest/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

const place = { file: '/shop/posada.yaml', line: 5, column: 3 }
const at = '2026-01-01T00:00:00.000Z'
const disk = (name: string, size = 2 ** 30) => ({ name, size, place })
const use = (name: string, mount: string | null) =>
  ({ name, filesystem: mount === null ? 'swap' : 'ext4', mount, format: true, place }) as const
const config = aMachine({
  disks: [disk('data'), disk('pages')],
  diskUses: [use('pages', null), use('data', '/srv/data')],
})
const diskUses = {
  data: { filesystem: 'ext4', mount: '/srv/data', at },
  pages: { filesystem: 'swap', mount: null, at },
}
const running = aState(config, { start: { at, readyAt: at }, diskUses })
const actions = (wanted: Machine, state: Found, previous: typeof running | null, more = {}) =>
  decide(previous, { state, detail: null }, {
    ...{ verb: 'up', config: wanted, steps: [], userData: null, ...more },
  } as Wanted)

describe('disks of a machine', () => {
  it('are all mounted after each start, for they may have grown', () => {
    expect(actions(config, 'running', running)).toEqual([])
    expect(actions(config, 'stopped', running)).toMatchObject([
      { do: 'start' },
      { do: 'enter' },
      {
        do: 'mount-disks',
        disks: ['pages', 'data'],
        why: [
          { key: 'disks.pages', from: null, to: 'swap' },
          { key: 'disks.data', from: null, to: '/srv/data' },
        ],
      },
    ])
  })

  it('are mounted elsewhere without a start, and forgotten; one that the guest has not waits for its start', () => {
    const moved = { ...config, diskUses: [use('data', '/srv/else'), use('new', '/srv/new')] }
    expect(actions(moved, 'running', running)).toMatchObject([
      {
        do: 'mount-disks',
        disks: ['data'],
        why: [
          { key: 'disks.data', from: '/srv/data', to: '/srv/else' },
          { key: 'disks.pages', from: 'swap', to: null },
        ],
      },
    ])
  })

  it('are compared by name and size, whatever their order, and told where they are gone', () => {
    const turned = { ...config, disks: [disk('pages'), disk('data')] }
    expect(changesOf(turned, running, { userData: null })).toEqual([])
    const grown = { ...config, disks: [disk('data', 2 ** 31), disk('logs')] }
    expect(changesOf(grown, running, { userData: null, gone: ['pages'] })).toEqual([
      { key: 'disks', effect: 'start', from: 'data 1GiB, pages (gone)', to: 'data 2GiB, logs 1GiB' },
    ])
  })

  it('that were kept are told when the next machine is made', () => {
    const disks = { ...noDisks, sizes: { data: 2 ** 29 }, kept: ['data', 'old'] }
    const [make] = actions(config, 'absent', null, { disks })
    expect(make?.why.slice(1)).toEqual([{ key: 'disks.data', from: 'kept, 512MiB', to: '1GiB' }])
  })

  it('that left the manifest are removed with --prune only, and never under a process', () => {
    const disks = { ...noDisks, left: ['old', 'pages'] }
    const less = { ...config, disks: [disk('data')], diskUses: [use('data', '/srv/data')] }
    const removed = (state: Found, prune: boolean) =>
      actions(less, state, { ...running, diskUses: { data: diskUses.data } }, { disks, prune }).flatMap(
        (action) => (action.do === 'remove-disks' ? [...action.disks] : []),
      )
    expect(removed('running', false)).toEqual([])
    expect(removed('stopped', false)).toEqual([])
    expect(removed('running', true)).toEqual(['old'])
    expect(removed('stopped', true)).toEqual(['old', 'pages'])
  })
})
