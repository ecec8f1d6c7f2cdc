import { join } from 'node:path'
import { endHolder, lockHolder, startProcess } from '../background/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { rotateFile } from '../lib/files/rotate-file.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import {
  hasEnded,
  isAlive,
  type ProcessIdentity,
  processIdentity,
  terminate,
} from '../lib/process/process-identity.ts'
import type { KeeperConfig } from './config.ts'

/** Bytes over which a start moves the log to `.1`. */
const logLimit = 256 * 1024
/** Milliseconds for one to end that only just begins. */
const patience = 5000
/** It lives beside a machine: V8 grows no further than such a process needs. */
const flags = ['--max-semi-space-size=1', '--max-old-space-size=64']

/** Begins to keep a connection to a machine, where no process does; does not wait for it. Throws system errors. */
export async function launchKeeper(config: KeeperConfig, log: string): Promise<void> {
  const begun = await beginner(config.lock)
  if ((begun !== null && (await isAlive(begun))) || (await lockHolder(config.lock)) !== null) return
  await rotateFile(log, logLimit)
  const file = join(packageRoot(), 'dist', 'keeper.js')
  const pid = await startProcess({
    file,
    flags,
    arguments: [config.target.hostAlias, config.socket],
    config,
    log,
  })
  const begins = await processIdentity(pid)
  await writeFileAtomic(
    noteOf(config.lock),
    `${pid}
${begins?.startTime ?? ''}
${config.lock}`,
  )
}

/** Ends the process with this lock, where one runs, also one that has only just been begun and has not taken it. */
export async function endKeeper(lock: string): Promise<void> {
  await endHolder(lock)
  const begun = await beginner(lock)
  if (begun !== null && (await terminate(begun, 'SIGKILL'))) await hasEnded(begun, patience)
}

/** Where whoever begins one writes down which process it is. */
function noteOf(lock: string): string {
  return `${lock}.begun`
}

/** Null in a copy of the project: it is the original's. */
async function beginner(lock: string): Promise<ProcessIdentity | null> {
  const [pid, startTime, of] = ((await readTextIfThere(noteOf(lock))) ?? '').split('\n')
  return startTime === undefined || of !== lock ? null : { pid: Number(pid), startTime }
}
