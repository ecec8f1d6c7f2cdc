import { awaitCloudInit, type CloudInitResult } from '../../cloud-init/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { within } from '../../lib/async/time-limit.ts'
import type { MachineState } from '../../project/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { LoginInputs } from '../guest/login.ts'
import { bootTimeout, raceCrash } from '../guest/ready.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { inStep } from '../work.ts'

/**
 * Waits until cloud-init has done what the seed told it, once in a machine's life. Where it failed, its errors
 * and the end of its log come as E_CLOUD_INIT, again with every `up`, and the guest can be looked into;
 * E_BOOT_TIMEOUT where it takes longer than the machine may.
 */
export async function settleCloudInit(
  project: Places & Reporting,
  { config, provider, state }: LoginInputs,
  session: SshSession,
): Promise<MachineState> {
  const { cloudInit } = state
  if (cloudInit === undefined || cloudInit.doneAt !== undefined) return state
  const machine = config.name
  const step = { machine, step: 'cloud-init', message: 'waiting for cloud-init' }
  const timeout = Math.max(timeLeft(state, config.bootTimeout), 5000)
  const consoleFrom = state.start?.consoleFrom ?? 0
  const watched = { provider, spec: state.spec, timeout, consoleFrom, signal: project.signal }
  return inStep(project.emit, step, async () => {
    const result = await raceCrash(watched, (signal) =>
      within({ limit: timeout, late: () => null, signal }, awaitCloudInit(session, signal)),
    )
    if (result === null)
      throw await bootTimeout(state.spec, config.bootTimeout, 'its cloud-init has not come to an end')
    judge(project, machine, result)
    const done = { ...cloudInit, doneAt: new Date().toISOString() }
    return record(project.paths.machine(machine), (now) => ({ ...now, cloudInit: done }))
  })
}

/** All of its time where the recorded start is long past, as for a later `up`, or cannot be believed: the clock was set. */
function timeLeft({ start }: MachineState, bootTimeout: number): number {
  const left = Date.parse(start?.at ?? '') + bootTimeout - Date.now()
  return left > 0 && left <= bootTimeout ? left : bootTimeout
}

function judge(project: Reporting, machine: string, { state, details }: CloudInitResult): void {
  if (state === 'failed')
    throw new PosadaError('E_CLOUD_INIT', `cloud-init failed in machine ${machine}`, {
      machine,
      details,
      hint: `posada ssh ${machine} looks into it; mended in cloud_init, it takes effect with posada destroy ${machine}, then up`,
    })
  if (state === 'degraded') {
    const message = `cloud-init met problems: ${details[0] ?? 'see cloud-init status --long'}`
    const hint = `posada exec ${machine} -- cloud-init status --long`
    project.emit({ type: 'notice', level: 'warn', machine, message, hint })
  }
}
