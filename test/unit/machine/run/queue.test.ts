import { expect, it } from 'vitest'
import { type OtherRun, shareOf, whatFor } from '../../../../src/machine/run/queue.ts'
import { usualOverhead } from '../../../../src/provider/index.ts'
import { aMachine } from '../../../helpers/model.ts'

const host = { free: 1000, processors: 2, owed: [] }
const own = { order: 5, memory: 400, cpus: 1 }
const other: OtherRun = { order: 1, memory: 400, cpus: 1, state: 'starts', taken: 0 }

it('may start where memory and processors do for it beside the others', () => {
  expect(whatFor(own, [], host)).toBe(null)
  expect(whatFor(own, [other], host)).toBe(null)
})

it('counts a run with all of its memory from its start, and what it has taken only once', () => {
  const beside = { ...other, memory: 700 }
  expect(whatFor(own, [beside], host)).toBe('memory')
  expect(whatFor(own, [{ ...beside, taken: 700 }], { ...host, free: 300 })).toBe('memory')
  expect(whatFor(own, [{ ...beside, taken: 700 }], { ...host, free: 400 })).toBe(null)
  // A hypervisor that takes more than its share has it from what is free already.
  expect(whatFor(own, [{ ...beside, taken: 900 }], { ...host, free: 400 })).toBe(null)
})

it('never has more processors than there are', () => {
  const small = { ...other, memory: 100 }
  expect(whatFor(own, [small, { ...small, order: 2 }], host)).toBe('processors')
  expect(whatFor({ ...own, cpus: 2 }, [small], host)).toBe('processors')
  expect(whatFor({ ...own, cpus: 2 }, [{ ...small, cpus: 0 }], host)).toBe(null)
})

it('lets no one overtake: a small run waits behind a large one', () => {
  const large: OtherRun = { ...other, order: 4, memory: 5000, state: 'waits' }
  expect(whatFor(own, [other, large], host)).toBe('turn')
  expect(whatFor(own, [other, { ...large, order: 6 }], host)).toBe(null)
})

it('starts one that is alone, however large, and where the memory cannot be told', () => {
  expect(whatFor({ ...own, memory: 5000, cpus: 9 }, [], host)).toBe(null)
  expect(whatFor({ ...own, memory: 5000 }, [other], { ...host, free: null })).toBe(null)
})

it('counts machines that are up with all of their memory, and waits for nothing else where none has any', () => {
  expect(whatFor(own, [], { ...host, owed: [300, 300] })).toBe(null)
  expect(whatFor(own, [], { ...host, owed: [300, 301] })).toBe('machines')
  expect(whatFor(own, [other], { ...host, owed: [201] })).toBe('memory')
  // It has taken all that it was given: the host's free memory says so already.
  expect(whatFor({ ...own, memory: 1001 }, [], { ...host, owed: [0] })).toBe('machines')
  expect(whatFor({ ...own, cpus: 9 }, [], { ...host, owed: [0] })).toBe(null)
})

it('a run takes what its machines are sure to have', () => {
  const machines = [aMachine({ memory: 2 ** 30 }), aMachine({ memory: 2 ** 32, memoryMin: 2 ** 28, cpus: 2 })]
  expect(shareOf(machines)).toEqual({ memory: 2 ** 30 + 2 ** 28 + 2 * usualOverhead, cpus: 3 })
})
