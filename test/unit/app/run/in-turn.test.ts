import { expect, it } from 'vitest'
import { inTurn } from '../../../../src/app/run/in-turn.ts'

it('does one thing after the other, also when one fails', async () => {
  const next = inTurn()
  const done: string[] = []
  const work = (name: string, ms: number) => async () => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    done.push(name)
    if (name === 'bad') throw new Error(name)
    return name
  }
  const all = [next(work('slow', 20)), next(work('bad', 5)), next(work('quick', 0))]
  await expect(all[1]).rejects.toThrow('bad')
  expect(await all[2]).toBe('quick')
  expect(done).toEqual(['slow', 'bad', 'quick'])
})
