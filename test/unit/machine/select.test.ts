import { describe, expect, it } from 'vitest'
import { selectMachines, selectOne } from '../../../src/machine/select.ts'
import { dependentsFirst } from '../../../src/machine/stop-order.ts'
import { withDependencies } from '../../../src/machine/up.ts'
import { aMachine } from '../../helpers/model.ts'

const machine = (name: string, ...dependsOn: string[]) => aMachine({ name, dependsOn })
const manifest = {
  file: '/shop/posada.yaml',
  root: '/shop',
  name: 'shop',
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
