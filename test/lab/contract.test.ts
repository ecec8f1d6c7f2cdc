import { join } from 'node:path'
import { expect, it } from 'vitest'
import { busyboxGuest } from '../helpers/busybox-guest.ts'
import { projectFiles, runInLab } from './lab.ts'

// Starts the outer machine, which takes some 10 s, and runs the contract suite in it: some 3 minutes.
it('fulfils the contract of providers with unmodified kernels', async () => {
  const guest = await busyboxGuest()
  const { output, exitCode } = await runInLab({
    files: { ...projectFiles, guest: join(guest.kernel, '..', '..', '..') },
    script: `set -e
cp -a /job/guest /tmp/posada-test-guest-0
cd /job/project
CI=1 node node_modules/vitest/vitest.mjs run --config test/lab/inside/vitest.config.ts
`,
    timeout: 350_000,
    ...(process.env.POSADA_LAB_VERBOSE === undefined
      ? {}
      : { onOutput: (text) => process.stdout.write(text) }),
  })
  expect(exitCode, output.slice(-8000)).toBe(0)
}, 400_000)
