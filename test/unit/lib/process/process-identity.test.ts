import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import {
  isAlive,
  parseProcStat,
  processIdentity,
  terminate,
} from '../../../../src/lib/process/process-identity.ts'

test('knows a process until it ends, and signals no other of the same number', async () => {
  const child = spawn('sleep', ['60'])
  try {
    const identity = await processIdentity(child.pid ?? 0)
    if (identity === null) throw new Error('no identity')
    expect(await isAlive(identity)).toBe(true)
    const other = { ...identity, startTime: '1' }
    expect(await isAlive(other)).toBe(false)
    expect(await terminate(other, 'SIGKILL')).toBe(false)
    expect(await isAlive(identity)).toBe(true)
    const exit = once(child, 'exit')
    expect(await terminate(identity, 'SIGKILL')).toBe(true)
    await exit
    expect(await isAlive(identity)).toBe(false)
    expect(await terminate(identity, 'SIGKILL')).toBe(false)
  } finally {
    child.kill('SIGKILL')
  }
})

test.each([0, -1, 1.5, Number.NaN, 2 ** 40])('no process has the number %d', async (pid) => {
  expect(await processIdentity(pid)).toBeNull()
})

test('a name may hold spaces and parentheses', () => {
  const fields = ['S', ...Array.from({ length: 18 }, (_, index) => String(index)), '4711', '0']
  expect(parseProcStat(`12 (a) b) (c) ${fields.join(' ')}`)).toEqual({
    state: 'S',
    ticks: 21,
    threads: 16,
    startTime: '4711',
  })
  expect(parseProcStat('')).toBeNull()
})
