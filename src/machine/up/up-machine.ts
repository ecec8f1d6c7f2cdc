import type { Machine } from '../../manifest/index.ts'
import { isUnsettled, type MachineState, readState, unlessDamaged } from '../../project/index.ts'
import { isUp, type MachineStatus, type Provider } from '../../provider/index.ts'
import { connect, type SshSession } from '../../ssh/index.ts'
import { discardShadow } from '../box/package/shadow.ts'
import { settleCloudInit } from '../cloud-init/settle.ts'
import { userDataDigest } from '../cloud-init/user-data.ts'
import { logIn } from '../guest/login.ts'
import { sshAddress, sshTarget } from '../guest/target.ts'
import { tellLostLinks } from '../network/lost-links.ts'
import { isRunning } from '../observed/is-running.ts'
import { conditionOf } from '../observed/observe.ts'
import { explainStall, stallError } from '../observed/stall.ts'
import { changesOf, cures, pendingOf } from '../plan/changes.ts'
import { keepForwarded } from '../ports/forwarded.ts'
import type { BoxSupply, Locking, Places, Project, Providing, Reporting } from '../project.ts'
import { checkSources, provisionMachine } from '../provision.ts'
import { untilReady } from '../readiness/until-ready.ts'
import type { ProvisionResult, UpMachineResult } from '../results.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'
import { withMachineLock } from '../work.ts'
import { chooseProvider } from './choose-provider.ts'
import { startMachine } from './start.ts'
import { undoUnfinished } from './undo-start.ts'

export interface UpMachineOptions {
  projectId: string
  config: Machine
  provision: boolean
  /** Asked before the machine is started. */
  memory: MemoryBudget
  /** Told when the machine needs processors no more than any other that runs. */
  onProvisioned: () => void
}

const ABSENT: MachineStatus = { state: 'absent' }

/** Brings one machine up; see `up`. An interrupt or a panic before it was ready cuts its power again. */
export function upMachine(project: Project, options: UpMachineOptions): Promise<UpMachineResult> {
  const { config } = options
  return withMachineLock(project, config.name, async () => {
    const begun = performance.now()
    const paths = project.paths.machine(config.name)
    const previous = await readState(paths)
    await discardShadow(project, config.name)
    if (options.provision) await checkSources(project, config, previous)
    const provider = await chooseProvider(project, config, previous)
    const found = previous === null ? ABSENT : await findRevivable(project, provider, previous)
    const goOn = (state: MachineState) =>
      explainStall(provider, state.spec, () => finish(project, options, provider, state))
    let change: UpMachineResult['change']
    let finished: Finished
    if (previous !== null && isUp(found)) {
      change = found.state === 'paused' ? 'resumed' : 'none'
      if (found.state === 'paused') await provider.resume(previous.spec)
      await tellPending(project, config, previous, false)
      await tellLostLinks(project, previous)
      finished = await goOn(previous)
    } else {
      change = previous?.createdAt === undefined ? 'created' : 'started'
      if (previous !== null) await tellPending(project, config, previous, true)
      finished = await withMemory(project, options, async () =>
        goOn(await startOrUndo(project, options, provider, previous)),
      )
    }
    const { state, steps, ready } = finished
    const after = (await readState(paths)) ?? state
    const status = await provider.status(after.spec)
    const stall = stallError(after.spec, status)
    if (stall !== null) throw stall
    const forwarded =
      'pid' in status ? await keepForwarded(project, { config, provider, state: after, pid: status.pid }) : []
    return {
      name: config.name,
      change,
      provider: provider.name,
      accelerator: 'accelerator' in status ? status.accelerator : null,
      ssh: sshAddress(provider, after, paths),
      ports: [...after.ports, ...forwarded],
      steps,
      ready,
      ms: Math.round(performance.now() - begun),
    }
  })
}

/** The memory of a machine that fails and does not run is there for others again. */
async function withMemory<T>(
  project: Places & Providing,
  { memory, config }: UpMachineOptions,
  work: () => Promise<T>,
): Promise<T> {
  const giveBack = await memory.admit(config)
  try {
    return await work()
  } catch (error) {
    const state = await unlessDamaged(readState(project.paths.machine(config.name)))
    if (state === null || !(await isRunning(project, state))) giveBack()
    throw error
  }
}

/** The state to go on from: the power of a guest whose kernel panicked is cut, for nothing else wakes it. */
async function findRevivable(
  project: Reporting,
  provider: Provider,
  previous: MachineState,
): Promise<MachineStatus> {
  const { found, panic } = await conditionOf(provider, previous)
  if (panic === null) return found
  const machine = previous.spec.name
  const message = `its kernel had panicked (${panic}); it is started again`
  project.emit({ type: 'notice', level: 'warn', machine, message })
  await provider.stop(previous.spec, { graceful: false, timeout: 0 })
  return provider.status(previous.spec)
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

interface Finished {
  state: MachineState
  steps: ProvisionResult[]
  ready: boolean | null
}

/** The guest becomes usable, what is due runs in it, and it is waited for until it is ready. */
async function finish(
  project: Project,
  options: UpMachineOptions,
  provider: Provider,
  state: MachineState,
): Promise<Finished> {
  const { config, provision } = options
  const { session, state: open } = await openSession(project, config, provider, state)
  try {
    const usable =
      session === null ? open : await settleCloudInit(project, { config, provider, state: open }, session)
    const steps = provision ? await provisionMachine(project, { config, state: usable, session }) : []
    options.onProvisioned()
    return {
      state: usable,
      steps,
      ready: session === null ? null : await untilReady(project, config, session),
    }
  } finally {
    await session?.close()
  }
}

/** Null for a guest that was logged in to before: whoever needs a session opens one. Probes always do. */
async function openSession(
  project: Places & Locking & BoxSupply,
  config: Machine,
  provider: Provider,
  state: MachineState,
): Promise<{ session: SshSession | null; state: MachineState }> {
  const enter = () => logIn(project, { config, provider, state })
  if (state.start?.readyAt === undefined) return undoUnfinished(project, provider, config, enter)
  // Somebody may be at work in it already: its power is not cut whatever comes.
  if (isUnsettled(state)) return enter()
  if (config.ready.length === 0) return { session: null, state }
  const target = sshTarget(provider, state, project.paths.machine(config.name))
  return { session: await connect(target, { signal: project.signal }), state }
}

/** What a machine does not have of the manifest and does not get by this `up`. */
async function tellPending(
  project: Reporting,
  config: Machine,
  state: MachineState,
  isStarting: boolean,
): Promise<void> {
  const { start, remake } = pendingOf(changesOf(config, state, await userDataDigest(config)))
  const left = cures(config.name, { start: isStarting ? [] : start, remake })
  if (left.length === 0) return
  const message = `changed in the manifest, not in the machine: ${left.join('; ')}`
  project.emit({ type: 'notice', level: 'warn', machine: config.name, message })
}
