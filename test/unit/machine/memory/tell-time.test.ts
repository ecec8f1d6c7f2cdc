import { expect, it } from 'vitest'
import { tellTime } from '../../../../src/machine/memory/tell-time.ts'
import { dial, readyChannel } from '../../../helpers/ready-channel.ts'

const { signal } = new AbortController()

it('tells a guest that asks the time, and hears that it is set', async () => {
  const told: string[] = []
  const open = await readyChannel('clock?\nready\n', (line, socket) => {
    told.push(line)
    socket.write('clo')
    socket.write('ck\n')
  })
  expect(await tellTime(open, signal)).toBe(true)
  expect(told).toEqual([expect.stringMatching(/^clock \d{10}\.\d{3}\n$/)])
  expect(Math.abs(Number(told[0]?.slice(6)) - Date.now() / 1000)).toBeLessThan(60)
})

it('speaks to a guest that has not noticed a new listener, and again to one that lost what was said', async () => {
  const told: string[] = []
  const open = await readyChannel('', (line, socket) => {
    told.push(line.slice(0, 5))
    socket.write(told.length < 3 ? 'clock?\nready\n' : 'clock\n')
  })
  expect(await tellTime(open, signal)).toBe(true)
  expect(told).toEqual(['hello', 'clock', 'clock'])
})

it('leaves a guest that is ready and does not ask', async () => {
  const told: string[] = []
  const open = await readyChannel('starting\nready\n', (line) => told.push(line))
  expect(await tellTime(open, signal)).toBe(false)
  expect(told).toEqual([])
})

it.each([
  ['says nothing', ''],
  ['asks, and does not set it', 'clock?\nready\nready\n'],
  ['writes without end', `clock${'?'.repeat(9000)}`],
])('gives up on a guest that %s', async (_, first) => {
  const open = await readyChannel(first, () => undefined)
  expect(await tellTime(open, signal, 300)).toBe(false)
})

it('gives up where there is no channel, and at once where the user stops it', async () => {
  const open = await readyChannel('', () => undefined)
  expect(await tellTime(() => dial('/there/is/none'), signal, 300)).toBe(false)
  await expect(tellTime(open, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
})
