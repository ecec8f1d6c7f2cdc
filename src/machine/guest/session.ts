import { PosadaError } from '../../errors/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { isUp, ownProcess, type Provider } from '../../provider/index.ts'
import type { SshSession, SshTarget } from '../../ssh/index.ts'
import type { MachineStateName } from '../facts/observed.ts'
import { conditionOf } from '../observed/observe.ts'
import { panicked } from '../observed/panic.ts'
import type { Declared, Places, Providing, Reporting } from '../project.ts'
import { selectOne } from '../select.ts'
import { sshTarget } from './target.ts'

/** A machine that runs and can be logged in to. */
export interface Reachable {
  name: string
  state: MachineState
  provider: Provider
  /** Of the process of this host that it goes by; null: there is none. */
  pid: number | null
  target: SshTarget
  env: Record<string, string>
}

/** The running machine of this name, or the only one; else E_NOT_CREATED, E_NOT_RUNNING or E_MACHINE_CRASHED. */
export async function findReachable(
  project: Declared & Places & Providing,
  name: string | undefined,
): Promise<Reachable> {
  const config = selectOne(project.manifest, name)
  const paths = project.paths.machine(config.name)
  const state = await readState(paths)
  if (state === null) throw notCreated(config.name)
  const provider = await project.providers.get(state.provider)
  const { name: stateName, found, panic } = await conditionOf(provider, state)
  if (panic !== null) throw panicked(config.name, panic)
  if (stateName !== 'running' || !isUp(found)) throw notRunning(config.name, stateName)
  const target = sshTarget(provider, state, paths)
  return { name: config.name, state, provider, pid: ownProcess(found), target, env: config.env }
}

/** Why there is nothing to reach. */
export function notRunning(machine: string, state: MachineStateName): PosadaError {
  const suspended = state === 'suspended'
  return new PosadaError('E_NOT_RUNNING', `machine ${machine} is ${suspended ? state : 'not running'}`, {
    value: state,
    machine,
    hint: suspended ? `posada resume ${machine} lets it go on` : `posada up ${machine} starts it`,
  })
}

export function notCreated(machine: string): PosadaError {
  return new PosadaError('E_NOT_CREATED', `machine ${machine} does not exist yet`, {
    machine,
    hint: `posada up ${machine} makes it`,
  })
}

/** Opens a session to a running machine, does `work` and closes it. */
export async function withSession<T>(
  project: Reporting,
  { target }: Reachable,
  work: (session: SshSession) => Promise<T>,
): Promise<T> {
  const { connect } = await import('../../ssh/index.ts')
  const session = await connect(target, { signal: project.signal })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}
