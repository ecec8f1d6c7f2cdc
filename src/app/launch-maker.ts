import { join } from 'node:path'
import { spawnDetached } from '../background/index.ts'
import { packageRoot } from '../lib/files/package-root.ts'
import type { Project, WarmJob } from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import { placesIn } from './places.ts'

/** What the process that makes warm images is told. */
export interface MakerConfig {
  jobs: WarmJob[]
  /** What of its environment says where files are. */
  env: Record<string, string>
}

/** Starts a process that makes the warm images that the project's machines found missing, once its own work is done. */
export function makeWanted({ warm }: Pick<Project, 'warm'>, env: NodeJS.ProcessEnv): void {
  const jobs = [...warm.wanted.values()]
  warm.wanted.clear()
  if (jobs.length === 0) return
  const config: MakerConfig = { jobs, env: placesIn(env) }
  const file = join(packageRoot(), 'dist', 'warm-maker.js')
  const child = spawnDetached(process.execPath, [file, userPaths(env).warm], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin?.on('error', () => undefined).end(JSON.stringify(config))
  child.unref()
}
