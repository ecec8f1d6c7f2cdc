import { join } from 'node:path'
import type { Emit } from '../../events/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { destroy } from '../../machine/index.ts'
import { abandonedRuns, type RunFolder, removeRunFolder, userPaths } from '../../project/index.ts'
import { openProject } from '../open-project.ts'

export interface SweepOptions {
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
}

/** Takes away what runs left whose process ended without doing so: was killed, or went down with the host. */
export async function sweepRuns(options: SweepOptions): Promise<void> {
  for (const run of await abandonedRuns(userPaths(options.env).runs)) {
    if (await exists(join(run.path, 'kept'))) await run.release()
    else await sweep(run, options)
  }
}

async function sweep(run: RunFolder, { env, emit, signal }: SweepOptions): Promise<void> {
  const file = join(run.path, 'posada.yaml')
  if (await exists(file)) {
    const options = { file, cwd: run.path, env, emit, signal, command: 'posada run', tolerant: true }
    await destroy(await openProject({ ...options, place: run.path }), [])
  }
  await removeRunFolder(run)
}
