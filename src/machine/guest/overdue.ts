import { stat } from 'node:fs/promises'
import { isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { formatDuration } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'
import { isUp } from '../../provider/index.ts'
import { connect, type SshStage } from '../../ssh/index.ts'
import { processAge } from '../facts/process-age.ts'
import type { Sight, Sighted } from '../observed/look.ts'
import type { Places, Reporting } from '../project.ts'
import { sshTarget } from './target.ts'

/** Milliseconds: of a silent console that say enough, at most; and for an SSH server to say who it is. */
const limits = { silence: 60_000, banner: 3000 }

/**
 * The same, but for a guest that was never logged in to, has had its `boot_timeout` and says nothing, neither
 * on its console nor over SSH: it hangs, and is not waited for again.
 */
export async function withoutPatience(
  project: Places & Reporting,
  config: Machine,
  sight: Sight,
): Promise<Sight> {
  if (sight.previous === null || sight.observed.state !== 'starting') return sight
  if (!(await isOverdue(project, config, sight))) return sight
  const detail = `not ready within its boot_timeout of ${formatDuration(config.bootTimeout)}, and silent`
  return { ...sight, observed: { state: 'overdue', detail } }
}

async function isOverdue(
  project: Places & Reporting,
  { name, bootTimeout }: Machine,
  { found, previous, provider }: Sighted,
): Promise<boolean> {
  const age = isUp(found) ? await processAge(found.pid) : null
  if (age === null || age < bootTimeout) return false
  const silence = await silenceOf(previous.spec.files.consoleLog)
  if (silence === null || silence < Math.min(limits.silence, bootTimeout)) return false
  const target = sshTarget(provider, previous, project.paths.machine(name))
  return !(await speaks(target, project.signal))
}

/** Milliseconds since the guest wrote to its console; null where that cannot be told: the clock was set. */
async function silenceOf(consoleLog: string): Promise<number | null> {
  try {
    const silence = Date.now() - (await stat(consoleLog)).mtimeMs
    return silence < 0 ? null : silence
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return Number.POSITIVE_INFINITY
    throw error
  }
}

/** Whether an SSH server answers, whatever it says. */
async function speaks(target: ReturnType<typeof sshTarget>, signal: AbortSignal): Promise<boolean> {
  let reached: SshStage = 'none'
  const onStage = (stage: SshStage) => {
    reached = stage
  }
  try {
    const session = await connect(target, { timeout: limits.banner, onStage, signal })
    await session.close()
    return true
  } catch (error) {
    if (!isPosadaError(error)) throw error
    return !isPosadaError(error, 'E_SSH_CONNECT') || !['none', 'tcp'].includes(reached)
  }
}
