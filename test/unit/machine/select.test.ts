import { describe, expect, it } from 'vitest'
import { dependentsFirst } from '../../../src/machine/down/stop-order.ts'
import { selectMachines, selectOne, withDependencies } from '../../../src/machine/select.ts'
import { aMachine } from '../../helpers/model.ts'

const machine = (name: string, ...dependsOn: string[]) => aMachine({ name, dependsOn })
const manifest = {
  file: '/shop/posada.yaml',
  root: '/shop',
  name: 'shop',
  catalogues: [],
  networks: [],
  boxes: {},
  machines: [machine('db'), machine('cache'), machine('web', 'db'), machine('proxy', 'web')],
}
const names = (machines: { name: string }[]) => machines.map(({ name }) => name)

describe('choosing machines', () => {
  it('takes all without names, and keeps the manifest’s order', () => {
    expect(names(selectMachines(manifest, []))).toEqual(['db', 'cache', 'web', 'proxy'])
    expect(names(selectMachines(manifest, ['web', 'db']))).toEqual(['db', 'web'])
  })

  it('suggests the nearest name for one that it does not know', () => {
    expect(() => selectMachines(manifest, ['wbe'])).toThrow(
      expect.objectContaining({ code: 'E_MACHINE_UNKNOWN', value: 'wbe', hint: 'did you mean web?' }),
    )
    expect(() => selectMachines(manifest, ['something-else'])).toThrow(
      expect.objectContaining({ hint: 'it has: db, cache, web, proxy' }),
    )
  })

  it('takes patterns, and the name that replicas share', () => {
    const replica = (name: string) => aMachine({ name, group: 'web' })
    const machines = [replica('web-1'), replica('web-2'), machine('db'), machine('web-cache')]
    const several = { ...manifest, machines }
    expect(names(selectMachines(several, ['web']))).toEqual(['web-1', 'web-2'])
    expect(names(selectMachines(several, ['web-*']))).toEqual(['web-1', 'web-2', 'web-cache'])
    expect(names(selectMachines(several, ['web-?', 'db']))).toEqual(['web-1', 'web-2', 'db'])
    expect(selectOne(several, '*cache').name).toBe('web-cache')
    expect(() => selectOne(several, 'web')).toThrow(
      expect.objectContaining({ code: 'E_MACHINE_AMBIGUOUS', value: 'web', hint: 'one of: web-1, web-2' }),
    )
    expect(() => selectMachines(several, ['mail-*'])).toThrow(
      expect.objectContaining({ code: 'E_MACHINE_UNKNOWN', value: 'mail-*' }),
    )
  })

  it('prefers a machine of the very name to replicas that share it', () => {
    const machines = [aMachine({ name: 'web-1', group: 'web' }), machine('web')]
    expect(names(selectMachines({ ...manifest, machines }, ['web']))).toEqual(['web'])
  })

  it('needs a name where there are several', () => {
    expect(() => selectOne(manifest, undefined)).toThrow(
      expect.objectContaining({ code: 'E_MACHINE_AMBIGUOUS', hint: 'one of: db, cache, web, proxy' }),
    )
    expect(selectOne({ ...manifest, machines: [machine('only')] }, undefined).name).toBe('only')
  })
})

describe('order', () => {
  it('up takes along what is depended on, directly or not', () => {
    expect(names(withDependencies(manifest, selectMachines(manifest, ['proxy'])))).toEqual([
      'db',
      'web',
      'proxy',
    ])
  })

  it('halt begins with those that nothing depends on', () => {
    const selected = manifest.machines.map((config) => ({ name: config.name, config }))
    expect(names(dependentsFirst(selected))).toEqual(['proxy', 'web', 'db', 'cache'])
  })
})
