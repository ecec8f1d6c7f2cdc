import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { processAge } from '../../../../src/machine/facts/process-age.ts'

it.runIf(process.platform === 'linux')('is that of this process, as Node counts it', async () => {
  const age = await processAge(process.pid)
  expect(Math.abs((age ?? 0) / 1000 - process.uptime())).toBeLessThan(1)
})

it('is not known of a process that has ended', async () => {
  const child = spawn('true')
  const { pid } = child
  await once(child, 'exit')
  expect(await processAge(pid ?? 0)).toBeNull()
})
