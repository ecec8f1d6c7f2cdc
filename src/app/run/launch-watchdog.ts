import { join } from 'node:path'
import { spawnDetached } from '../../background/index.ts'
import { packageRoot } from '../../lib/files/package-root.ts'

/** What the process that sweeps after this one is told. */
export interface WatchdogConfig {
  /** The process that runs. */
  pid: number
  /** What of its environment says where files are. */
  env: Record<string, string>
}

const needed = [
  'HOME',
  'PATH',
  'TMPDIR',
  'XDG_STATE_HOME',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
]

/** Starts a process that takes the machines of this one's runs away when it has ended without doing so. */
export function startWatchdog(env: NodeJS.ProcessEnv, runs: string): void {
  const kept = needed.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  const config: WatchdogConfig = { pid: process.pid, env: Object.fromEntries(kept) }
  const file = join(packageRoot(), 'dist', 'run-watchdog.js')
  const child = spawnDetached(process.execPath, [file, runs], { stdio: ['pipe', 'ignore', 'ignore'] })
  child.stdin?.on('error', () => undefined).end(JSON.stringify(config))
  child.unref()
}
