import { isPosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { deadlineIn } from '../../lib/async/time-limit.ts'
import { type GuestNow, lookAtGuest } from '../../provisioners/index.ts'
import { asRootWhereAllowed, capture, type SshSession } from '../../ssh/index.ts'
import { inStep } from '../in-step.ts'
import type { Reporting } from '../project.ts'
import { connectInTime, type Guest } from './reach-guest.ts'
import { bootTimeout } from './ready.ts'

const restartScript = 'if [ -d /run/systemd/system ]; then systemctl reboot; else reboot; fi'

/**
 * Restarts a guest and waits until it can be logged in to again; `session` then leads there. Throws what `awaitRestart`
 * throws.
 */
export async function restart(project: Reporting, guest: Guest, restarting: Restarting): Promise<void> {
  try {
    await capture(restarting.session, asRootWhereAllowed(restartScript), { signal: project.signal })
  } catch (error) {
    // It may be gone before it has answered.
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
  }
  await awaitRestart(project, guest, { ...restarting, isTold: true })
}

/** Milliseconds: a guest that does not say whether it is on its way down is given so long to go. */
const goingDown = 5000
const pause = 1000

/** A guest to which the connection broke off, or that has said that it goes down. */
export interface Restarting {
  session: SshSession
  /** Of the kernel that it had. */
  bootId: string
  /** Whether it was told to restart: one that does not is E_BOOT_TIMEOUT. */
  isTold?: boolean
}

/**
 * Waits until the guest can be logged in to and says whether it has another kernel running than it had; `session`
 * then leads to that. E_MACHINE_CRASHED where it has ended or panicked, E_BOOT_TIMEOUT where it does not come back.
 */
export async function awaitRestart(
  project: Reporting,
  guest: Guest,
  { session, bootId, isTold = false }: Restarting,
): Promise<boolean> {
  const machine = guest.state.spec.name
  const step = { machine, step: 'restart', message: 'waiting for the guest to come back' }
  const deadline = deadlineIn(guest.bootTimeout)
  const undecided = deadlineIn(goingDown)
  return inStep(project.emit, step, async () => {
    for (;;) {
      const fresh = await connectInTime(project, guest, { deadline, authPatience: deadline.left() })
      const now = await lookUnlessLost(fresh)
      if (now !== null && now.bootId !== bootId) {
        await session.takeOver(fresh)
        return true
      }
      await fresh.close()
      const isStaying = now !== null && !now.isStopping && (now.isKnown || undecided.isOver())
      if (isStaying && !isTold) return false
      if (deadline.isOver())
        throw await bootTimeout(guest.state.spec, {
          timeout: guest.bootTimeout,
          stage: 'it does not shut down',
        })
      await sleep(pause, project.signal)
    }
  })
}

async function lookUnlessLost(session: SshSession): Promise<GuestNow | null> {
  try {
    return await lookAtGuest(session)
  } catch (error) {
    if (isPosadaError(error, 'E_SSH_LOST')) return null
    throw error
  }
}
