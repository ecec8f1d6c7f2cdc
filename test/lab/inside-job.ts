import { join } from 'node:path'
import { busyboxGuest } from '../helpers/busybox-guest.ts'
import { projectFiles, runInLab } from './lab.ts'

export interface InsideJob {
  /** Names of files in inside/, without `.test.ts`; all of them where none is given. */
  files: readonly string[]
  /** Of the outer machine. */
  memory?: number
  timeout: number
}

/** Runs tests of inside/ in the lab. */
export async function runInside(job: InsideJob): Promise<{ output: string; exitCode: number }> {
  const guest = await busyboxGuest()
  const names = job.files.map((name) => `test/lab/inside/${name}.test.ts`)
  return await runInLab({
    files: { ...projectFiles, guest: join(guest.kernel, '..', '..', '..') },
    script: `set -e
cp -a /job/guest /tmp/posada-test-guest-0
cd /job/project
NO_COLOR=1 CI=1 node node_modules/vitest/vitest.mjs run --config test/lab/inside/vitest.config.ts ${names.join(' ')}
`,
    timeout: job.timeout,
    ...(job.memory === undefined ? {} : { memory: job.memory }),
  })
}
