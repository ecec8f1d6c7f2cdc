import { expect, it } from 'vitest'
import { controlCommands } from '../../../../../providers/kvm/process/control-commands.ts'
import type { Guest } from '../../../../../providers/kvm/process/guest.ts'
import type { MachineRun } from '../../../../../providers/kvm/process/machine-run.ts'
import type { MachineSpec } from '../../../../../src/provider/index.ts'

it('takes one trace of exits at a time, of a length that it is told', async () => {
  const asked: number[] = []
  let end: () => void = () => undefined
  const trace: Guest['trace'] = (milliseconds) => {
    asked.push(milliseconds)
    return new Promise((resolve) => {
      end = () => resolve({ exits: [], lost: 0 })
    })
  }
  const run = { guest: { trace } } as unknown as MachineRun
  const counters = { disk: { read: 0, written: 0 }, network: { received: 0, sent: 0 } }
  const spec = { nics: [] } as unknown as MachineSpec
  const commands = controlCommands(run, { spec, counters, shares: [], log: () => undefined })
  const take = (milliseconds: unknown) =>
    commands.trace?.({ milliseconds }) ?? Promise.reject(new Error('none'))
  const first = take(50)
  await expect(take(60)).rejects.toMatchObject({ code: 'E_CONTROL', message: 'another trace is being taken' })
  end()
  expect(await first).toEqual({ exits: [], lost: 0 })
  for (const wrong of [0, -1, 10_001, Number.NaN, '5', undefined])
    await expect(take(wrong)).rejects.toMatchObject({ code: 'E_CONTROL' })
  const second = take(10_000)
  end()
  await second
  expect(asked).toEqual([50, 10_000])
})
