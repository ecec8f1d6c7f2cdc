import { processMemory } from '../../../helpers/process-memory.ts'
import { median } from '../../bench.ts'
import type { ExitCounter } from './counts.ts'
import type { Values } from './rounds.ts'
import type { Running } from './vmm.ts'

export interface GuestMeasures {
  start: () => Promise<Running>
  exits: ExitCounter
  /** How often a guest did in all what it told the rate of: exits are counted for one. */
  times: (name: string, rate: number) => number
}

/**
 * What a guest says of itself, the middle of what it says twice; `NAME exits` for each; and the memory of its
 * process at the end, in MiB. Rejects where one of the measures failed in the guest.
 */
export async function measureGuest({ start, exits, times }: GuestMeasures): Promise<Values> {
  const machine = await start()
  try {
    const said = new Map<string, number[]>()
    const failed: string[] = []
    const add = (name: string, value: number) => said.set(name, [...(said.get(name) ?? []), value])
    let before = exits.read()
    machine.console.onLine((line) => {
      if (line.startsWith('begin ')) before = exits.read()
      const [, name, rate] = /^bench (\S+) ([\d.]*)$/.exec(line) ?? []
      if (name === undefined) return
      if (rate === '') {
        failed.push(name)
        return
      }
      add(name, Number(rate))
      add(`${name} exits`, (exits.read().all - before.all) / times(name, Number(rate)))
    })
    await machine.console.seen('that is all')
    if (failed.length > 0)
      throw new Error(`${failed.join(', ')} failed: ${machine.console.text().slice(-1000)}`)
    const values = new Map([...said].map(([name, samples]) => [name, median(samples)]))
    return values.set('memory', processMemory(machine.pid, machine.spec.memory).own / 2 ** 20)
  } finally {
    await machine.discard()
  }
}
