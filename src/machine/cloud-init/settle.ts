import { awaitCloudInit, type CloudInitResult } from '../../cloud-init/index.ts'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { type Deadline, deadlineIn, within } from '../../lib/async/time-limit.ts'
import type { MachineState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { processAge } from '../facts/process-age.ts'
import type { LoginInputs } from '../guest/login.ts'
import { connectInTime, type Guest } from '../guest/reach-guest.ts'
import { bootTimeout as bootTimeoutError, raceCrash } from '../guest/ready.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'

/** Milliseconds between a connection that a restart of the guest cut and the next: the guest is still going down. */
const pause = 2000
/** Milliseconds that cloud-init has in any case once the guest is open. */
const least = 30_000

/**
 * Waits until cloud-init has done what the seed told it, once in a machine's life; it may restart the guest, which is
 * then waited for. `reopened` is told of each session that takes the place of the one before, which is closed.
 * Where cloud-init failed, its errors and the end of its log come as E_CLOUD_INIT, again with every `up`, and the
 * guest can be looked into; E_BOOT_TIMEOUT where it takes longer than the machine may.
 */
export async function settleCloudInit(
  project: Places & Reporting,
  inputs: LoginInputs,
  { session: first, reopened }: { session: SshSession; reopened: (session: SshSession) => void },
): Promise<MachineState> {
  const { config, provider, state } = inputs
  const { cloudInit } = state
  if (cloudInit === undefined || cloudInit.doneAt !== undefined) return state
  const machine = config.name
  const paths = project.paths.machine(machine)
  const deadline = deadlineIn(await timeLeft(inputs))
  const guest = { provider, state, paths, bootTimeout: config.bootTimeout }
  const step = { machine, step: 'cloud-init', message: 'waiting for cloud-init' }
  return inStep(project.emit, step, async () => {
    let session = first
    let result = await waitFor(project, guest, { session, deadline })
    while (result === 'restarting') {
      const message = 'cloud-init restarts the guest; waiting for it'
      if (session === first) project.emit({ type: 'notice', level: 'info', machine, message })
      await session.close()
      await sleep(pause, project.signal)
      session = await connectInTime(project, guest, { deadline })
      reopened(session)
      result = await waitFor(project, guest, { session, deadline })
    }
    judge(project, machine, result)
    // It may have added the login user to groups, which a session has from when it was opened.
    await session.takeOver(await connectInTime(project, guest, { deadline }))
    const done = { ...cloudInit, doneAt: new Date().toISOString() }
    return record(paths, (now) => ({ ...now, cloudInit: done }))
  })
}

/** How cloud-init ended, or that the guest went away meanwhile. */
async function waitFor(
  project: Reporting,
  { provider, state, bootTimeout }: Guest,
  { session, deadline }: { session: SshSession; deadline: Deadline },
): Promise<CloudInitResult | 'restarting'> {
  const timeout = Math.max(deadline.left(), 1)
  const consoleFrom = state.start?.consoleFrom ?? 0
  const watched = { provider, spec: state.spec, timeout, consoleFrom, signal: project.signal }
  try {
    const result = await raceCrash(watched, (signal) =>
      within({ limit: timeout, late: () => null, signal }, awaitCloudInit(session, signal)),
    )
    if (result === null)
      throw await bootTimeoutError(state.spec, {
        timeout: bootTimeout,
        stage: 'its cloud-init has not finished',
      })
    return result.state === 'cut' ? 'restarting' : result
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
    return 'restarting'
  }
}

/** What is left of its time since its start; all of it where that is long past, as for a later `up`, or not known. */
async function timeLeft({ provider, state, config }: LoginInputs): Promise<number> {
  const status = await provider.status(state.spec)
  const age = isUp(status) ? await processAge(status.pid) : null
  const left = config.bootTimeout - (age ?? 0)
  return left > 0 ? Math.max(left, least) : config.bootTimeout
}

function judge(project: Reporting, machine: string, { state, details }: CloudInitResult): void {
  if (state === 'failed')
    throw new PosadaError('E_CLOUD_INIT', `cloud-init failed in machine ${machine}`, {
      machine,
      details,
      hint: `look with posada ssh ${machine}; a changed cloud_init takes effect after posada destroy ${machine}, then posada up`,
    })
  if (state === 'degraded') {
    const message = `cloud-init reported problems: ${details[0] ?? 'see cloud-init status --long'}`
    const hint = `posada exec ${machine} -- cloud-init status --long`
    project.emit({ type: 'notice', level: 'warn', machine, message, hint })
  }
}
