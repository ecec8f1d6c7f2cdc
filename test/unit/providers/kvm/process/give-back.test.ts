import { expect, it } from 'vitest'
import { giveBack } from '../../../../../providers/kvm/process/give-back.ts'

it('gives back all that there is, and logs what cannot be', async () => {
  const done: string[] = []
  const logged: string[] = []
  const step = (name: string, fault?: Error) => async () => {
    done.push(name)
    if (fault !== undefined) throw fault
  }
  await giveBack([step('vCPUs', new Error('busy')), step('machine'), step('disks')], (line) =>
    logged.push(line),
  )
  expect(done).toEqual(['vCPUs', 'machine', 'disks'])
  expect(logged).toEqual([expect.stringContaining('Error: busy')])
})
