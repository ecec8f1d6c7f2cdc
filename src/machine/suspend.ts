import { afterEnd } from './companions/all.ts'
import { notCreatedYet } from './down/not-created.ts'
import { takeDown } from './down/stop-order.ts'
import { throwFailures } from './failures.ts'
import { runHooks } from './hooks/run-hooks.ts'
import { inStep } from './in-step.ts'
import { hasFolder, withMachineLock } from './machine-lock.ts'
import { notOpen } from './memory/not-open.ts'
import { saveMemory } from './memory/save.ts'
import { look, type Sighted } from './observed/look.ts'
import { decide } from './plan/decide.ts'
import type { Locking, Places, Project, Providing } from './project.ts'
import type { SuspendResult } from './results.ts'
import { type Selected, selectWithOrphans } from './select.ts'

/**
 * Saves what machines have in memory and ends them, dependents before what they depend on; `up` and `resume` let them go
 * on from there. One that does not run is reported as it is; it is E_NOT_CREATED to name one that was never made, or to
 * have none that was.
 */
export async function suspend(project: Project, machines: readonly string[]): Promise<SuspendResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  const absent: string[] = []
  const done = ([result]: SuspendResult[]) =>
    result === undefined ? 'does not exist' : result.suspended ? 'is suspended' : 'was not running'
  const work = async ({ name, config }: Selected) => {
    const hooks = async (when: 'before' | 'after') => {
      if (config !== null) await runHooks(project, config, { when, verb: 'suspend' })
    }
    const result = await suspendMachine(project, name, hooks)
    if (result === null) absent.push(name)
    return result === null ? [] : [result]
  }
  const { results, failures } = await takeDown(project, selected, { done, work })
  throwFailures(failures)
  const found = results.flat()
  if (absent.length > 0 && (machines.length > 0 || found.length === 0)) throw notCreatedYet(absent)
  return found
}

/** Null: it was never made. */
async function suspendMachine(
  project: Places & Providing & Locking,
  name: string,
  hooks: (when: 'before' | 'after') => Promise<void>,
): Promise<SuspendResult | null> {
  if (!(await hasFolder(project, name))) return null
  return withMachineLock(project, name, async () => {
    const begun = performance.now()
    const sight = await look(project, name)
    const actions = decide(sight.previous, sight.observed, { verb: 'suspend', machine: name })
    if (sight.error !== null) throw sight.error
    if (sight.previous === null) return null
    const took = (state: SuspendResult['state'], suspended: boolean) => ({
      ...{ name, state, suspended, ms: Math.round(performance.now() - begun) },
    })
    if (actions.some((action) => action.do === 'refuse')) throw notOpen(sight)
    if (actions.length === 0)
      return took(sight.observed.state === 'suspended' ? 'suspended' : 'stopped', false)
    await hooks('before')
    await inStep(project.emit, { machine: name, step: 'suspend', message: 'saving its memory' }, () =>
      putToSleep(project, sight),
    )
    await hooks('after')
    return took('suspended', true)
  })
}

async function putToSleep(
  project: Places & Providing & Locking,
  { provider, previous }: Sighted,
): Promise<void> {
  await saveMemory(project, { provider, state: previous })
  await provider.stop(previous.spec, { graceful: false, timeout: 0 })
  await afterEnd(project, previous.spec.name)
}
