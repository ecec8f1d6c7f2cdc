import { describe, expect, it } from 'vitest'
import { memoryBudget } from '../../../../src/machine/schedule/memory-budget.ts'
import { aMachine } from '../../../helpers/model.ts'

const GIB = 2 ** 30
const machine = (name: string, gibibytes: number) => aMachine({ name, memory: gibibytes * GIB })

describe('memoryBudget', () => {
  it('admits machines until the next one would not fit, and smaller ones after it', async () => {
    const budget = memoryBudget(async () => ({ host: { total: 16 * GIB, available: 8 * GIB }, owed: 0 }))
    await budget.admit(machine('a', 4))
    await budget.admit(machine('b', 2))
    await expect(budget.admit(machine('c', 2))).rejects.toMatchObject({
      code: 'E_MEMORY_SHORT',
      machine: 'c',
      value: '2GiB',
      message: expect.stringContaining('it needs 2GiB, '),
      hint: expect.stringContaining('posada list'),
      place: { file: '/shop/posada.yaml' },
    })
    await budget.admit(machine('d', 0.5))
  })

  it('counts a machine whose memory moves with what it is sure to have', async () => {
    const budget = memoryBudget(async () => ({ host: { total: 16 * GIB, available: 8 * GIB }, owed: 0 }))
    const moving = (name: string) => aMachine({ name, memory: 12 * GIB, memoryMin: 2 * GIB })
    for (const name of ['a', 'b', 'c']) await budget.admit(moving(name))
    await expect(budget.admit(moving('d'))).rejects.toMatchObject({ code: 'E_MEMORY_SHORT', value: '2GiB' })
  })

  it('gives to another what a machine had that did not come to run', async () => {
    const budget = memoryBudget(async () => ({ host: { total: 16 * GIB, available: 8 * GIB }, owed: 0 }))
    await budget.admit(machine('a', 4))
    await expect(budget.admit(machine('b', 6))).rejects.toMatchObject({ code: 'E_MEMORY_SHORT' })
    budget.giveBack('a')
    await budget.admit(machine('b', 6))
  })

  it('counts what the hypervisor takes, by what is known of it last', async () => {
    const host = { total: 16 * GIB, available: 4 * GIB }
    const budget = memoryBudget(async () => ({ host, owed: 0 }))
    await budget.admit(machine('a', 1))
    await budget.admit(machine('a', 1), 0.5 * GIB)
    await expect(budget.admit(machine('b', 1.5), 0.5 * GIB)).rejects.toMatchObject({ code: 'E_MEMORY_SHORT' })
    await budget.admit(machine('b', 1.5), 0)
    const emulated = memoryBudget(async () => ({ host, owed: 0 }))
    for (const name of ['a', 'b', 'c']) await emulated.admit(machine(name, 0.5), 0.5 * GIB)
    await expect(emulated.admit(machine('d', 0.5), 0.5 * GIB)).rejects.toMatchObject({ machine: 'd' })
  })

  it('keeps a margin, and what running machines have not taken yet', async () => {
    const host = { total: 100 * GIB, available: 10 * GIB }
    const tight = memoryBudget(async () => ({ host, owed: 0 }))
    await tight.admit(machine('a', 1))
    await expect(tight.admit(machine('b', 8))).rejects.toMatchObject({ code: 'E_MEMORY_SHORT' })
    const owing = memoryBudget(async () => ({ host, owed: 7 * GIB }))
    await expect(owing.admit(machine('a', 2))).rejects.toMatchObject({ code: 'E_MEMORY_SHORT' })
    await owing.admit(machine('a', 1.5))
  })

  it('admits a single machine that the host can hold at all', async () => {
    const host = { total: 2 * GIB, available: GIB }
    const one = memoryBudget(async () => ({ host, owed: 0 }))
    await one.admit(machine('a', 1.5))
    await expect(one.admit(machine('b', 0.5))).rejects.toThrow('it needs 512MiB, nothing is free')
    const large = memoryBudget(async () => ({ host, owed: 0 }))
    await expect(large.admit(machine('a', 4))).rejects.toMatchObject({ code: 'E_MEMORY_SHORT' })
  })

  it('looks at the host once, and admits all where it cannot be told', async () => {
    let looks = 0
    const budget = memoryBudget(async () => {
      looks++
      return { host: null, owed: 0 }
    })
    await Promise.all([budget.admit(machine('a', 4096)), budget.admit(machine('b', 4096))])
    expect(looks).toBe(1)
  })
})
