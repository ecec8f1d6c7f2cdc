import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import { type MachineState, readState, writeState } from '../project/machine-state.ts'
import type { Provider } from '../provider/index.ts'
import { pendingChanges } from './changes.ts'
import { logIn } from './login.ts'
import type { Project } from './project.ts'
import { checkSources, provisionMachine } from './provision.ts'
import type { UpMachineResult } from './results.ts'
import { wantedArch } from './spec.ts'
import { explainStall, stallError } from './stall.ts'
import { startMachine } from './start.ts'
import { sshAddress } from './target.ts'
import { withMachineLock } from './work.ts'

export interface UpMachineOptions {
  projectId: string
  config: Machine
  provision: boolean
}

/** Brings one machine up; see `up`. An interrupt or a panic before it was ready cuts its power again. */
export function upMachine(project: Project, options: UpMachineOptions): Promise<UpMachineResult> {
  const { config } = options
  return withMachineLock(project, config.name, async () => {
    const begun = performance.now()
    const paths = project.paths.machine(config.name)
    const previous = await readState(paths)
    if (options.provision) await checkSources(config, previous)
    const provider = await chooseProvider(project, config, previous)
    const found = previous === null ? 'absent' : (await provider.status(previous.spec)).state
    let state: MachineState
    let change: UpMachineResult['change']
    if (previous !== null && (found === 'running' || found === 'paused')) {
      change = found === 'paused' ? 'resumed' : 'none'
      if (found === 'paused') await provider.resume(previous.spec)
      tellPending(project, config, previous)
      state = previous
    } else {
      change = previous?.createdAt === undefined ? 'created' : 'started'
      state = await startOrUndo(project, options, provider, previous)
    }
    const steps = await explainStall(provider, state.spec, () => finish(project, options, provider, state))
    const after = (await readState(paths)) ?? state
    const status = await provider.status(after.spec)
    const stall = stallError(after.spec, status)
    if (stall !== null) throw stall
    return {
      name: config.name,
      change,
      provider: provider.name,
      accelerator: 'accelerator' in status ? status.accelerator : null,
      ssh: sshAddress(after, paths),
      ports: after.ports,
      steps,
      ms: Math.round(performance.now() - begun),
    }
  })
}

async function startOrUndo(
  project: Project,
  { projectId, config }: UpMachineOptions,
  provider: Provider,
  previous: MachineState | null,
): Promise<MachineState> {
  return undoUnfinished(project, provider, config, () =>
    startMachine(project, { projectId, config, provider, previous }),
  )
}

/** The guest becomes usable, then what is due runs in it. */
async function finish(
  project: Project,
  { config, provision }: UpMachineOptions,
  provider: Provider,
  state: MachineState,
) {
  const ready = state.start?.readyAt !== undefined
  if (ready && !provision) return []
  if (ready) return provisionMachine(project, { config, state, session: null })
  const { session, state: loggedIn } = await undoUnfinished(project, provider, config, () =>
    logIn(project, { config, provider, state }),
  )
  try {
    return provision ? await provisionMachine(project, { config, state: loggedIn, session }) : []
  } finally {
    await session.close()
  }
}

/**
 * A machine that was begun and not finished is not left running behind the user's Ctrl-C; nor one
 * whose kernel panicked, which would keep a processor busy and the next `up` from starting it.
 */
async function undoUnfinished<T>(
  project: Project,
  provider: Provider,
  config: Machine,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const crashed = isPosadaError(error, 'E_MACHINE_CRASHED')
    if (project.signal.aborted || crashed) {
      await cutOrWarn(project, config, () =>
        cutPower(project, provider, config, crashed ? error.value : undefined),
      )
    }
    throw error
  }
}

/** What led here is the failure to tell; that the machine could not be stopped either comes as a warning. */
async function cutOrWarn(project: Project, config: Machine, cut: () => Promise<void>): Promise<void> {
  try {
    await cut()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    project.emit({
      type: 'notice',
      level: 'warn',
      machine: config.name,
      message: `the machine could not be stopped: ${why}`,
      hint: `posada halt --force ${config.name}`,
    })
  }
}

async function cutPower(
  project: Project,
  provider: Provider,
  config: Machine,
  panic: string | undefined,
): Promise<void> {
  const paths = project.paths.machine(config.name)
  const state = await readState(paths)
  if (state === null) return
  const { how, via } = await provider.stop(state.spec, { graceful: false, timeout: 0 })
  if (how === 'already') return
  const at = new Date().toISOString()
  const start = panic === undefined ? state.start : { at, ...state.start, panic }
  await writeState(paths, { ...state, ...(start && { start }), stop: { at, how, via } })
}

async function chooseProvider(
  project: Project,
  config: Machine,
  state: MachineState | null,
): Promise<Provider> {
  if (state === null) {
    if (config.provider !== 'auto') return project.providers.get(config.provider)
    return (await project.providers.choose(wantedArch(config))).provider
  }
  if (config.provider !== 'auto' && config.provider !== state.provider) {
    throw new PosadaError('E_PROVIDER_CHANGED', `machine ${config.name} was made by ${state.provider}`, {
      value: config.provider,
      place: config.place('provider'),
      machine: config.name,
      hint: `posada destroy ${config.name}, then up, makes it anew with ${config.provider}`,
    })
  }
  return project.providers.get(state.provider)
}

function tellPending(project: Project, config: Machine, state: MachineState): void {
  const { atStart, anew } = pendingChanges(config, state)
  const tell = (what: string[], hint: string) => {
    if (what.length === 0) return
    const message = `changed in the manifest, not in the running machine: ${what.join(', ')}`
    project.emit({ type: 'notice', level: 'warn', machine: config.name, message, hint })
  }
  tell(atStart, `posada reload ${config.name} applies it`)
  tell(anew, `posada destroy ${config.name}, then up, applies it`)
}
