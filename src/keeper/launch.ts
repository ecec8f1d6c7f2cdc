import { join } from 'node:path'
import { endHolder, lockHolder, startProcess } from '../background/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import { rotateFile } from '../lib/files/rotate-file.ts'
import type { KeeperConfig } from './config.ts'

/** Bytes over which a start moves the log to `.1`. */
const logLimit = 256 * 1024
/** It lives beside a machine: V8 grows no further than such a process needs. */
const flags = ['--max-semi-space-size=1', '--max-old-space-size=64']

/** Begins to keep a connection to a machine, where no process does; does not wait for it. Throws system errors. */
export async function launchKeeper(config: KeeperConfig, log: string): Promise<void> {
  if ((await lockHolder(config.lock)) !== null) return
  await rotateFile(log, logLimit)
  const file = join(packageRoot(), 'dist', 'keeper.js')
  await startProcess({ file, flags, arguments: [config.target.hostAlias, config.socket], config, log })
}

/** Ends the process with this lock, where one runs. */
export async function endKeeper(lock: string): Promise<void> {
  await endHolder(lock)
}
