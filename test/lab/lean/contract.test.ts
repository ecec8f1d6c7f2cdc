import { expect, it } from 'vitest'
import { runInside } from '../inside-job.ts'

/** The life of one machine, of test/contract/provider-contract.ts. */
const tests = [
  'create makes it once',
  'starts once',
  'forwarded TCP port',
  'stands still',
  'another process object stops it',
].join('|')

// An outer machine, and in it one start of a guest: some 1.5 minutes.
it('starts an unmodified kernel, lets it stand still and shuts it down, as the contract has it', async () => {
  const { output, exitCode } = await runInside({ files: ['contract'], tests, timeout: 500_000 })
  expect(exitCode, output.slice(-8000)).toBe(0)
  expect(output).toMatch(/Tests\s+5 passed/)
}, 520_000)
