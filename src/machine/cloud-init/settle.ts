import { awaitCloudInit, type CloudInitResult } from '../../cloud-init/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { type MachineState, writeState } from '../../project/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { LoginInputs } from '../guest/login.ts'
import { bootTimeout, raceCrash } from '../guest/ready.ts'
import type { Project } from '../project.ts'
import { inStep } from '../work.ts'

/**
 * Waits until cloud-init has done what the seed told it, once in a machine's life. Where it failed, its errors
 * and the end of its log come as E_CLOUD_INIT, again with every `up`, and the guest can be looked into;
 * E_BOOT_TIMEOUT where it takes longer than the machine may.
 */
export async function settleCloudInit(
  project: Project,
  { config, provider, state }: LoginInputs,
  session: SshSession,
): Promise<MachineState> {
  const { cloudInit } = state
  if (cloudInit === undefined || cloudInit.doneAt !== undefined) return state
  const machine = config.name
  const step = { machine, step: 'cloud-init', message: 'waiting for cloud-init' }
  const timeout = Math.max(deadlineOf(state, config.bootTimeout) - Date.now(), 5000)
  const consoleFrom = state.start?.consoleFrom ?? 0
  const watched = { provider, spec: state.spec, timeout, consoleFrom, signal: project.signal }
  return inStep(project.emit, step, async () => {
    const result = await raceCrash(watched, (signal) =>
      Promise.race([awaitCloudInit(session, signal), sleep(timeout, signal).then(() => null)]),
    )
    if (result === null)
      throw await bootTimeout(state.spec, config.bootTimeout, 'its cloud-init has not come to an end')
    judge(project, machine, result)
    const settled = { ...state, cloudInit: { ...cloudInit, doneAt: new Date().toISOString() } }
    await writeState(project.paths.machine(machine), settled)
    return settled
  })
}

/** A later `up` gives a guest that it finds at work its time anew. */
function deadlineOf({ start }: MachineState, bootTimeout: number): number {
  const deadline = Date.parse(start?.at ?? '') + bootTimeout
  return deadline > Date.now() ? deadline : Date.now() + bootTimeout
}

function judge(project: Project, machine: string, { state, details }: CloudInitResult): void {
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
