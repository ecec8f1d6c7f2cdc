import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ended, ended, launcher, type Place, says } from './posada.ts'

export interface Cut {
  /** What stderr has to say before the signal, or milliseconds from the start. */
  at: string | number
  /** More milliseconds to let pass. */
  after?: number
  signal: NodeJS.Signals
}

/**
 * Starts the command line and cuts it short. The signal goes to the whole process group, as Ctrl-C
 * in a terminal does: whatever the command has started that did not leave the group gets it, too.
 */
export async function cutShort(place: Place, args: readonly string[], cut: Cut): Promise<Ended> {
  const { dir: cwd, env } = place
  const child = spawn(process.execPath, [launcher, ...args], { cwd, env, detached: true })
  const end = ended(child)
  child.stdin.end()
  await (typeof cut.at === 'number' ? sleep(cut.at) : says(child, cut.at))
  await sleep(cut.after ?? 0)
  if (child.pid === undefined) throw new Error('it did not start')
  process.kill(-child.pid, cut.signal)
  return await end
}
