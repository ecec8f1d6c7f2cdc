import { setMaxListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openRun, startWatchdog, sweepRuns } from '../app/index.ts'
import type { Emit } from '../events/index.ts'
import { asThrowAway, GuestSessions, readyPoint, snapshotSave, up } from '../machine/index.ts'
import { userPaths } from '../project/index.ts'
import type { Environment, EnvironmentOptions } from './contract.ts'
import { OpenEnvironment } from './environment.ts'

/** One for this process, whatever number of environments it opens. */
let isWatched = false

/** What contract.ts declares, which has the types of `posada/test`. */
export async function environment(options: EnvironmentOptions): Promise<Environment> {
  const { rewindable = true } = options
  const { env } = process
  const signal = options.signal ?? new AbortController().signal
  setMaxListeners(0, signal)
  const emit: Emit = (event) => options.onEvent?.(event)
  const { runs } = userPaths(env)
  await sweepRuns({ env, emit, signal })
  if (!isWatched) startWatchdog(env, runs)
  isWatched = true
  const run = await openRun({
    ...{
      ...sourceOf(options),
      box: undefined,
      cwd: process.cwd(),
      env,
      emit,
      signal,
      command: 'posada/test',
    },
  })
  const project = asThrowAway(run.project, 'moved')
  const sessions = new GuestSessions(project)
  try {
    await up(project, { machines: [], provision: true, handOver: sessions.take })
    if (rewindable) await snapshotSave(project, { name: readyPoint, machines: [], handOver: sessions.take })
    return await OpenEnvironment.of({ project, sessions, end: run.end })
  } catch (error) {
    await sessions.close()
    await run.end()
    throw error
  }
}

function sourceOf({
  manifest,
}: EnvironmentOptions): { file: string } | { manifest: Record<string, unknown> } {
  if (manifest instanceof URL) return { file: fileURLToPath(manifest) }
  return typeof manifest === 'string' ? { file: manifest } : { manifest }
}
