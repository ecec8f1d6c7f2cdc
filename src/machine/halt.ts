import type { StopResult } from '../provider/index.ts'
import { notCreatedYet } from './down/not-created.ts'
import { askOverSsh } from './down/over-ssh.ts'
import { takeDown } from './down/stop-order.ts'
import { noteAsked, windUp } from './down/wind-up.ts'
import { throwFailures } from './failures.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { inStep } from './in-step.ts'
import { hasFolder, withMachineLock } from './machine-lock.ts'
import { forgetMemory } from './memory/forget.ts'
import { look, type Sighted } from './observed/look.ts'
import type { Action } from './plan/actions.ts'
import { decide } from './plan/decide.ts'
import type { Declared, HostHooks, Locking, Places, Project, Providing, Reporting } from './project.ts'
import type { HaltResult } from './results.ts'
import { type Selected, selectWithOrphans } from './select.ts'

export interface HaltOptions {
  /** None: all. */
  machines: readonly string[]
  /** Cuts the power at once instead of asking the guest. */
  force: boolean
}

/** Milliseconds for a machine that is no longer in the manifest. */
const orphanHaltTimeout = 60_000

/**
 * Stops machines, dependents before what they depend on. One that is not running is reported as
 * `already`; it is E_NOT_CREATED to name one that was never made, or to have none that was.
 */
export async function halt(project: Project, options: HaltOptions): Promise<HaltResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, options.machines)
  const absent: string[] = []
  const done = ([result]: HaltResult[]) =>
    result === undefined ? 'does not exist' : result.how === 'already' ? 'was not running' : 'is off'
  const work = async (machine: Selected) => {
    const result = await haltMachine(project, machine, options.force)
    if (result === null) absent.push(machine.name)
    return result === null ? [] : [result]
  }
  const { results, failures } = await takeDown(project, selected, { done, work })
  throwFailures(failures)
  const stopped = results.flat()
  if (absent.length > 0 && (options.machines.length > 0 || stopped.length === 0)) throw notCreatedYet(absent)
  return stopped
}

/** Null: it was never made. */
async function haltMachine(
  project: Declared & Places & Providing & Locking & HostHooks,
  { name, config }: Selected,
  force: boolean,
): Promise<HaltResult | null> {
  if (!(await hasFolder(project, name))) return null
  return withMachineLock(project, name, async () => {
    const begun = performance.now()
    const sight = await look(project, name)
    const actions = decide(sight.previous, sight.observed, { verb: 'halt', machine: name, force })
    if (sight.error !== null) throw sight.error
    if (sight.previous === null) return null
    const hooked = config !== null && !force && actions.length > 0 ? config : null
    if (hooked !== null) await runHooks(project, hooked, { when: 'before', verb: 'halt' })
    let stopped: StopResult = { how: 'already', via: 'none' }
    for (const action of actions) stopped = await stop(project, { ...sight, config }, action)
    if (sight.observed.state === 'suspended' && actions.length === 0) tellAsleep(project, name)
    await windUp(project, name, stopped)
    if (hooked !== null) await runHooks(project, hooked, { when: 'after', verb: 'halt' })
    const { how, via } = stopped
    if (how === 'forced' && !force) {
      const message = whyForced(via, sight.observed.state === 'panicked')
      project.emit({ type: 'notice', level: 'warn', machine: name, message })
    }
    return { name, how, via, ms: Math.round(performance.now() - begun) }
  })
}

function whyForced(via: string, isPanic: boolean): string {
  if (via === 'itself') return 'its hypervisor ended before the guest had shut down'
  const why = isPanic ? "the guest's kernel had panicked" : 'the guest did not shut down in time'
  return `${why}; its power was cut (${via})`
}

function tellAsleep({ emit }: Reporting, machine: string): void {
  const message = 'is suspended and stays suspended'
  const hint = `posada halt --force ${machine} discards its saved memory`
  emit({ type: 'notice', level: 'info', machine, message, hint })
}

async function stop(
  project: Places & Locking,
  { config, ...sight }: Sighted & Pick<Selected, 'config'>,
  action: Action,
): Promise<StopResult> {
  const { emit, signal } = project
  const { provider, previous } = sight
  const { spec } = previous
  if (action.do === 'discard-memory') {
    await forgetMemory(project.paths.machine(spec.name))
    return { how: 'forced', via: 'memory' }
  }
  const graceful = action.do === 'shut-down'
  const message = graceful ? 'shutting down' : 'cutting the power'
  const timeout = config?.haltTimeout ?? orphanHaltTimeout
  return inStep(emit, { machine: spec.name, step: 'halt', message }, async () => {
    if (graceful) await noteAsked(project, spec.name)
    const isTold = graceful && (await askOverSsh(project, sight))
    const result = await provider.stop(spec, { graceful, timeout, signal })
    return isTold && result.how === 'graceful' ? { ...result, via: 'ssh' } : result
  })
}
