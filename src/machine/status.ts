import { fromSystemError, isPosadaError } from '../errors/index.ts'
import { isUnsettled, type MachineState, readState } from '../project/index.ts'
import { isUp, type MachineStatus } from '../provider/index.ts'
import { userDataDigest } from './cloud-init/user-data.ts'
import type { MachineStateName } from './facts/observed.ts'
import { shownBox } from './facts/shown-box.ts'
import type { FolderStatus } from './folder-results.ts'
import { sshAddress } from './guest/target.ts'
import { tailLines } from './observed/console.ts'
import { type Condition, conditionOf } from './observed/observe.ts'
import { stallOf } from './observed/stall.ts'
import { changesOf, pendingOf } from './plan/changes.ts'
import { forwardedNow } from './ports/forwarded.ts'
import type { Declared, Places, Providing, Reporting, Scripts } from './project.ts'
import type { StatusResult } from './results.ts'
import { type Selected, selectWithOrphans } from './select.ts'
import { folderStatuses } from './sync/status.ts'
import { untilAborted } from './until-aborted.ts'

const consoleLines = 10

export interface StatusOptions {
  /** None: all. */
  machines: readonly string[]
  /** Whether provision steps are told one by one. */
  steps: boolean
}

/** What the machines are doing, asked of the hypervisor. Nothing is changed and no lock is taken. */
export async function status(
  project: Declared & Places & Providing & Reporting & Scripts,
  { machines, steps }: StatusOptions,
): Promise<StatusResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  return untilAborted(
    project.signal,
    Promise.all(selected.map((machine) => statusOrUnknown(project, machine, steps))),
  )
}

/** One machine that nothing can be said of does not keep the others from being shown. */
async function statusOrUnknown(
  project: Declared & Places & Providing & Scripts,
  machine: Selected,
  withSteps: boolean,
): Promise<StatusResult> {
  try {
    const found = await machineStatus(project, machine)
    const { config, name } = machine
    if (!withSteps || config === null) return found
    // Few look at steps, and what knows of them takes long to load.
    const { stepStatus } = await import('./provision/step-status.ts')
    return {
      ...found,
      steps: await stepStatus(project, config, await readState(project.paths.machine(name))),
    }
  } catch (thrown) {
    const error = fromSystemError(thrown)
    if (!isPosadaError(error)) throw error
    const { message, hint, code } = error
    const reason = hint === undefined ? message : `${message}; ${hint}`
    return { ...absent(project, machine), state: 'unknown', reason, code }
  }
}

async function machineStatus(
  project: Declared & Places & Providing,
  { name, config }: Selected,
): Promise<StatusResult> {
  const paths = project.paths.machine(name)
  const state = await readState(paths)
  if (state === null) return absent(project, { name, config })
  const provider = await project.providers.get(state.provider)
  const condition = await conditionOf(provider, state)
  const { found, name: stateName } = condition
  const runs = isUp(found)
  const { start, remake } = pendingOf(
    config === null ? [] : changesOf(config, state, { userData: await userDataDigest(config) }),
  )
  return {
    name,
    state: stateName,
    provider: state.provider,
    accelerator: runs ? found.accelerator : null,
    box: `${state.box.name}@${state.box.version}`,
    cpus: state.spec.cpus,
    memory: state.spec.memory,
    pid: runs ? (found.pid ?? null) : null,
    startedAt: runs ? (state.start?.at ?? null) : null,
    ssh: stateName === 'running' ? sshAddress(provider, state, paths) : null,
    ports: runs ? [...state.ports, ...((await forwardedNow(project, config)) ?? [])] : [],
    inManifest: isInManifest(project, config),
    pending: [...(runs || stateName === 'suspended' ? start : []), ...remake],
    ...(remake.length === 0 ? {} : { remake }),
    ready: readiness(config, state, stateName),
    ...(await foldersOf(project, config, { state, found })),
    ...dueSteps(config, state, stateName),
    ...reasonOf(state, condition),
    ...(stateName === 'crashed' ? { console: await tailLines(paths.consoleLog, consoleLines) } : {}),
  }
}

/** A machine that runs and whose provisioning was cut short or failed is not what the manifest asks for. */
function dueSteps(
  config: Selected['config'],
  state: MachineState,
  stateName: MachineStateName,
): { due?: string[] } {
  if (config === null || stateName !== 'running') return {}
  const due = config.provision.map(({ name }) => name).filter((name) => state.provision[name] === undefined)
  return due.length === 0 ? {} : { due }
}

function readiness(
  config: Selected['config'],
  state: MachineState,
  stateName: MachineStateName,
): boolean | null {
  if (config === null || config.ready.length === 0 || stateName !== 'running') return null
  return state.start?.probed?.ready ?? false
}

async function foldersOf(
  project: Places,
  config: Selected['config'],
  made: { state: MachineState; found: MachineStatus },
): Promise<{ folders?: FolderStatus[] }> {
  if (config === null || config.sync.length + config.mounts.length === 0) return {}
  return { folders: await folderStatuses(project, config, made) }
}

function reasonOf(state: MachineState, { found, name, panic }: Condition): { reason?: string } {
  if (panic !== null) return { reason: panic }
  const stall = stallOf(found)
  if (stall !== null) return { reason: stall }
  if (name === 'running' && isUnsettled(state))
    return { reason: `cloud-init has not finished successfully (posada up ${state.spec.name})` }
  if (found.state !== 'stopped' || name === 'suspended') return {}
  const reason = state.start?.panic ?? found.reason
  return reason === undefined ? {} : { reason }
}

function isInManifest({ broken }: Declared, config: Selected['config']): boolean | null {
  return broken === null ? config !== null : null
}

function absent(project: Declared, { name, config }: Selected): StatusResult {
  return {
    name,
    state: 'absent',
    provider: null,
    accelerator: null,
    box: config === null ? '' : shownBox(config),
    cpus: config?.cpus ?? 0,
    memory: config?.memory ?? 0,
    pid: null,
    startedAt: null,
    ssh: null,
    ports: [],
    inManifest: isInManifest(project, config),
    pending: [],
    ready: null,
  }
}
