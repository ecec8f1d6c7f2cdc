import { join } from 'node:path'
import { spawnDetached } from '../../background/index.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { placesIn } from '../places.ts'

/** What the process that sweeps after this one is told. */
export interface WatchdogConfig {
  /** The process that runs. */
  pid: number
  /** What of its environment says where files are. */
  env: Record<string, string>
}

/** Starts a process that takes the machines of this one's runs away when it has ended without doing so. */
export function startWatchdog(env: NodeJS.ProcessEnv, runs: string): void {
  const config: WatchdogConfig = { pid: process.pid, env: placesIn(env) }
  const file = join(packageRoot(), 'dist', 'run-watchdog.js')
  const child = spawnDetached(process.execPath, [file, runs], { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin?.on('error', () => undefined).end(JSON.stringify(config))
  child.unref()
}
