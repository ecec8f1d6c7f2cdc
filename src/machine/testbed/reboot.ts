import { isPosadaError } from '../../errors/index.ts'
import { deadlineIn } from '../../lib/async/time-limit.ts'
import type { Machine } from '../../manifest/index.ts'
import { lookAtGuest } from '../../provisioners/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { bootTimeout } from '../guest/ready.ts'
import { awaitRestart } from '../guest/restart.ts'
import { findReachable, withSession } from '../guest/session.ts'
import type { Project } from '../project.ts'
import { root } from './files.ts'

/**
 * What is run for it. A test that restarts the guest itself waits until this file is gone. Source: autopkgtest 5.28,
 * reboot-prepare.sh.
 */
const scripts = { asked: 'exec reboot', 'by itself': 'exec rm -f /run/autopkgtest-reboot-prepare-mark' }

/** Restarts a guest, or waits until it restarts itself, up to its `boot_timeout`. E_BOOT_TIMEOUT, E_MACHINE_CRASHED. */
export async function rebootGuest(
  project: Project,
  { name, bootTimeout: patience }: Machine,
  how: keyof typeof scripts,
): Promise<void> {
  const reachable = await findReachable(project, name)
  const { state } = reachable
  const provider = await project.providers.get(state.provider)
  const guest = { provider, state, paths: project.paths.machine(name), bootTimeout: patience }
  await withSession(project, reachable, async (session) => {
    const { bootId } = await lookAtGuest(session, project.signal)
    const deadline = deadlineIn(patience)
    await begin(session, scripts[how], project.signal)
    while (!(await awaitRestart(project, guest, { session, bootId })))
      if (deadline.isOver())
        throw await bootTimeout(state.spec, { timeout: patience, stage: 'it has not restarted' })
  })
}

/** A guest on its way down may not say that the command has ended. */
async function begin(session: SshSession, script: string, signal: AbortSignal): Promise<void> {
  try {
    await root(session, ['sh', '-c', script], { signal })
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
  }
}
