import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { type PlannedStep, type ProvisionRecord, runSteps } from '../../provisioners/index.ts'
import { connect, type SshSession } from '../../ssh/index.ts'
import { awaitRestart, restart } from '../guest/restart.ts'
import { sshTarget } from '../guest/target.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { record } from '../record.ts'
import type { ProvisionResult } from '../results.ts'
import { sshProxyCommand } from '../ssh-proxy.ts'

interface Running {
  plan: readonly PlannedStep[]
  open: () => Promise<SshSession>
  /** Called when a step has been recorded as done. */
  afterStep?: (name: string) => Promise<void>
}

/** Carries out a plan in one machine, whose lock is held; each success is in its state before the next step begins. */
export async function runProvision(
  project: Declared & Places & Providing & Reporting,
  { config, state }: { config: Machine; state: MachineState },
  { plan, open, afterStep }: Running,
): Promise<ProvisionResult[]> {
  const { emit, signal } = project
  const provider = await project.providers.get(state.provider)
  const paths = project.paths.machine(config.name)
  const guest = { provider, state, paths, bootTimeout: config.bootTimeout }
  const access = {
    machine: state.spec.uuid.slice(0, 8),
    open,
    reconnect: () => connect(sshTarget(provider, state, paths), { signal }),
    awaitRestart: (session: SshSession, bootId: string) => awaitRestart(project, guest, { session, bootId }),
    restart: (session: SshSession, bootId: string) => restart(project, guest, { session, bootId }),
  }
  const record = recordOf(project, state)
  const sshProxy = sshProxyCommand(project, config.name)
  const after = afterStep === undefined ? {} : { afterStep }
  return runSteps(plan, access, { emit, signal, record, machine: config.name, sshProxy, ...after })
}

function recordOf(project: Places, state: MachineState): ProvisionRecord {
  const paths = project.paths.machine(state.spec.name)
  let { provision: done, failedSteps: failed = {} } = state
  const put = async (steps: MachineState['provision'], failedSteps: typeof failed) => {
    await record(paths, (now) => ({ ...now, provision: steps, failedSteps }))
    done = steps
    failed = failedSteps
  }
  const without = <T>(all: Record<string, T>, name: string) => {
    const { [name]: _, ...others } = all
    return others
  }
  return {
    get: (name) => done[name],
    save: (name, entry) => put({ ...done, [name]: entry }, without(failed, name)),
    remove: (name) => put(without(done, name), failed),
    fail: (name, failure) => put(done, { ...failed, [name]: failure }),
  }
}
