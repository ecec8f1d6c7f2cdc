import { readFileSync } from 'node:fs'
import { sleep } from '../../lib/async/sleep.ts'
import { namesIn } from '../../lib/files/folders.ts'
import { isAlive, processIdentity } from '../../lib/process/process-identity.ts'
import type { WatchdogConfig } from './launch-watchdog.ts'

/** The process that waits for a `posada run` to end, however it does, and takes away what it left. */

/** Milliseconds between two looks. */
const pause = 500

const { pid, env } = JSON.parse(readFileSync(0, 'utf8')) as WatchdogConfig
const [, , runs = ''] = process.argv
const watched = await processIdentity(pid)
while (watched !== null && (await isAlive(watched))) await sleep(pause)
// As a rule there is nothing to do, and what does it is most of Posada.
if ((await namesIn(runs)).length > 0) {
  const { sweepRuns } = await import('./sweep-runs.ts')
  await sweepRuns({ env, emit: () => undefined, signal: new AbortController().signal })
}
