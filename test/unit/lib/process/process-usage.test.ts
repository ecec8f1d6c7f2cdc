import { expect, test } from 'vitest'
import { parsePs, processUsage, residentMemory } from '../../../../src/lib/process/process-usage.ts'

test('of this process is what the process itself says; of one that is gone nothing', async () => {
  const until = process.cpuUsage().user + 50_000
  while (process.cpuUsage().user < until) JSON.stringify(process.cpuUsage())
  const usage = await processUsage(process.pid)
  const { user, system } = process.cpuUsage()
  expect(usage?.cpu).toBeGreaterThan(0)
  // Ticks of 10 ms, which are counted down.
  expect(usage?.cpu).toBeLessThanOrEqual((user + system) / 1e6 + 0.02)
  expect(usage?.memory).toBeGreaterThan(2 ** 20)
  expect(await processUsage(2 ** 22 + 1)).toBeNull()
})

test.runIf(process.platform === 'linux')('memory that is there is told of a process that lives', async () => {
  expect(await residentMemory(process.pid)).toBeGreaterThan(2 ** 20)
  expect(await residentMemory(2 ** 22 + 1)).toBeNull()
})

test.each([
  ['  0:01.50   2048\n', 1.5, 2048],
  ['00:02:03    10\n', 123, 10],
  ['2-01:00:00  1\n', 49 * 3600, 1],
])('ps says %j', (text, cpu, kibibytes) => {
  expect(parsePs(text)).toEqual({ cpu, memory: kibibytes * 1024 })
})

test.each(['', 'TIME RSS', '1:00', '1:00 x'])('%j is nothing that ps says', (text) => {
  expect(parsePs(text)).toBeNull()
})
