import type { Machine } from '../../manifest/index.ts'
import { type MachineState, readState, unlessDamaged } from '../../project/index.ts'
import { isUp, ownProcess } from '../../provider/index.ts'
import { discardShadow } from '../box/package/shadow.ts'
import type { Layer } from '../cache/find-layer.ts'
import { layersFor, shownLayer } from '../cache/layers-for.ts'
import { userDataDigest } from '../cloud-init/user-data.ts'
import { whileUp } from '../companions/all.ts'
import { lookAtDisks } from '../disks/look.ts'
import { onceDown } from '../guest/going-down.ts'
import { withoutPatience } from '../guest/overdue.ts'
import type { HandOver } from '../guest/reach-guest.ts'
import { sshAddress } from '../guest/target.ts'
import { runHooks } from '../hooks/run-hooks.ts'
import { withMachineLock } from '../machine-lock.ts'
import { isRunning } from '../observed/is-running.ts'
import { look } from '../observed/look.ts'
import { stallError } from '../observed/stall.ts'
import type { Action } from '../plan/actions.ts'
import { changesOf, cures, pendingOf } from '../plan/changes.ts'
import { decide } from '../plan/decide.ts'
import { sparedBy } from '../plan/spared-by.ts'
import type { Places, Project, Providing, Reporting } from '../project.ts'
import { decisionsOf, onWaking, planProvision } from '../provision/plan-provision.ts'
import type { UpMachineResult } from '../results.ts'
import type { MemoryBudget } from '../schedule/memory-budget.ts'
import { isKept } from '../sync/kept-folders.ts'
import { checkSources } from '../sync/sources.ts'
import { carryOut, type Done } from './carry-out.ts'
import { checkHost } from './choose-provider.ts'
import { tellDisks } from './tell-disks.ts'

export interface UpMachineOptions {
  projectId: string
  config: Machine
  provision: boolean
  /** Whether a suspended machine boots, without what it had in memory. */
  cold?: boolean
  /** Whether disks that left the manifest are removed. Left out: false. */
  prune?: boolean
  /** Asked before the machine is started. */
  memory: MemoryBudget
  /** Told when the machine needs processors no more than any other that runs. */
  onProvisioned: () => void
  handOver: HandOver | undefined
}

/** Brings one machine up; see `up`. It is looked at, what is to be done is decided, and that is carried out. */
export function upMachine(project: Project, options: UpMachineOptions): Promise<UpMachineResult> {
  const { config } = options
  return withMachineLock(project, config.name, async () => {
    const begun = performance.now()
    const seen = await onceDown(project, config, await look(project, config.name))
    const sight = await withoutPatience(project, config, seen)
    const { previous } = sight
    const made = previous?.createdAt === undefined ? null : previous
    checkHost(project, config, previous)
    if (sight.error === null) await discardShadow(project, config.name)
    if (sight.error === null) await runHooks(project, config, { when: 'before', verb: 'up' })
    await checkSources(config)
    const disks = await lookAtDisks(project.paths.machine(config.name), config, made)
    // Scripts and files that are not available are found before a machine is started for them.
    const woken = sight.observed.state === 'suspended' && options.cold !== true
    const due = options.provision ? config : woken ? onWaking(config, made) : null
    const planned = due === null ? null : await planProvision(project, due, { state: made, woken })
    const userData = await userDataDigest(config)
    const isNew = made === null && sight.error === null
    const cached = isNew && planned !== null ? await layersFor(project, options, { planned, userData }) : null
    const steps = planned === null ? null : sparedBy(cached?.layer ?? null, decisionsOf(planned))
    const plan = planned?.map((each, index) => ({ ...each, due: steps?.[index]?.due ?? each.due })) ?? null
    const isSynced = await isKept(project, config)
    const cold = options.cold === true
    const actions = decide(previous, sight.observed, {
      ...{ verb: 'up', config, steps, userData, isSynced, cold, disks, prune: options.prune === true },
      ...shownLayer(cached?.layer ?? null),
    })
    const change = changeOf(actions)
    tellLayer(project, config, cached?.layer ?? null)
    tellDisks(project, { config, disks }, actions)
    if (previous?.createdAt !== undefined) tellLeft(project, { config, previous, userData }, actions)
    const work = () => carryOut(project, { ...options, ...cached, sight, plan, disks }, actions)
    const isAsleep = sight.observed.state === 'suspended'
    const wakes = isAsleep && change === 'resumed'
    if (wakes) await runHooks(project, config, { when: 'before', verb: 'resume' })
    const isStarted = change === 'created' || change === 'started' || isAsleep
    const done = isStarted ? await withMemory(project, options, work) : await work()
    tellUnprobed(project, config, actions)
    const result = await resultOf(project, config, { done, change, begun })
    if (wakes) await runHooks(project, config, { when: 'after', verb: 'resume' })
    await runHooks(project, config, { when: 'after', verb: 'up' })
    return result
  })
}

/** What is so when all is done; companions are seen to. */
async function resultOf(
  project: Project,
  config: Machine,
  { done, change, begun }: { done: Done; change: UpMachineResult['change']; begun: number },
): Promise<UpMachineResult> {
  const { provider, state, steps, ready } = done
  const status = await provider.status(state.spec)
  const stall = stallError(state.spec, status)
  if (stall !== null) throw stall
  const running = isUp(status)
    ? await whileUp(project, { config, provider, state, pid: ownProcess(status) })
    : []
  return {
    name: config.name,
    change,
    ...(change === 'created' && state.start?.warm === true ? { warm: true as const } : {}),
    provider: provider.name,
    accelerator: isUp(status) ? status.accelerator : null,
    ssh: sshAddress(provider, state, project.paths.machine(config.name)),
    ports: [...state.ports, ...running],
    steps,
    ready,
    ms: Math.round(performance.now() - begun),
  }
}

function changeOf(actions: readonly Action[]): UpMachineResult['change'] {
  const names = { make: 'created', start: 'started', resume: 'resumed' } as const
  for (const action of actions)
    if (action.do === 'make' || action.do === 'start' || action.do === 'resume') return names[action.do]
  return 'none'
}

function tellUnprobed(
  { emit }: Reporting,
  { name: machine, ready }: Machine,
  actions: readonly Action[],
): void {
  if (ready.length === 0 || actions.some((action) => action.do === 'await-ready')) return
  const message = 'readiness not checked: provision steps have not run yet'
  emit({ type: 'notice', level: 'info', machine, message })
}

function tellLayer({ emit }: Reporting, { name: machine }: Machine, layer: Layer | null): void {
  if (layer === null) return
  const message = `starts from ${shownLayer(layer).layer}; its steps are not run again`
  emit({ type: 'notice', level: 'info', machine, message })
}

/** What a machine does not have of the manifest and does not get by this `up`. */
function tellLeft(
  { emit }: Reporting,
  { config, previous, userData }: Left,
  actions: readonly Action[],
): void {
  const { start, remake } = pendingOf(changesOf(config, previous, { userData }))
  const isStarted = actions.some((action) => action.do === 'start')
  const left = cures(config.name, { start: isStarted ? [] : start, remake })
  if (left.length === 0) return
  const message = `changed in the manifest, not in the machine: ${left.join('; ')}`
  emit({ type: 'notice', level: 'warn', machine: config.name, message })
}

interface Left {
  config: Machine
  previous: MachineState
  userData: string | null | undefined
}

/** The memory of a machine that fails and does not run is there for others again. */
async function withMemory<T>(
  project: Places & Providing,
  { memory, config }: UpMachineOptions,
  work: () => Promise<T>,
): Promise<T> {
  await memory.admit(config)
  try {
    return await work()
  } catch (error) {
    const state = await unlessDamaged(readState(project.paths.machine(config.name)))
    if (state === null || !(await isRunning(project, state))) memory.giveBack(config.name)
    throw error
  }
}
