import { PosadaError } from '../errors/index.ts'
import { readState } from '../project/index.ts'
import { isUp } from '../provider/index.ts'
import { takeDown } from './down/stop-order.ts'
import { windUp } from './down/wind-up.ts'
import { conditionOf } from './observed/observe.ts'
import type { Locking, Places, Project, Providing } from './project.ts'
import type { HaltResult } from './results.ts'
import { type Selected, selectWithOrphans } from './select.ts'
import { hasFolder, inStep, throwFailures, withMachineLock } from './work.ts'

export interface HaltOptions {
  /** None: all. */
  machines: readonly string[]
  /** Cuts the power at once instead of asking the guest. */
  force: boolean
}

/** Milliseconds for a machine that is no longer in the manifest. */
const ORPHAN_HALT_TIMEOUT = 60_000

/**
 * Stops machines, dependents before what they depend on. One that is not running is reported as
 * `already`; it is E_NOT_CREATED to name one that was never made, or to have none that was.
 */
export async function halt(project: Project, options: HaltOptions): Promise<HaltResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, options.machines)
  const absent: string[] = []
  const done = ([result]: HaltResult[]) =>
    result === undefined ? 'does not exist' : result.how === 'already' ? 'was not running' : 'is off'
  const { results, failures } = await takeDown(project, selected, done, async (machine) => {
    const result = await haltMachine(project, machine, options.force)
    if (result === null) absent.push(machine.name)
    return result === null ? [] : [result]
  })
  throwFailures(failures)
  const stopped = results.flat()
  if (absent.length > 0 && (options.machines.length > 0 || stopped.length === 0)) throw notCreated(absent)
  return stopped
}

/** Null: it was never made. */
async function haltMachine(
  project: Places & Providing & Locking,
  { name, config }: Selected,
  force: boolean,
): Promise<HaltResult | null> {
  if (!(await hasFolder(project, name))) return null
  return withMachineLock(project, name, async () => {
    const state = await readState(project.paths.machine(name))
    if (state === null) return null
    const begun = performance.now()
    const provider = await project.providers.get(state.provider)
    const { found, panic } = await conditionOf(provider, state)
    const stop = () =>
      provider.stop(state.spec, {
        // A guest whose kernel panicked hears nobody.
        graceful: !force && panic === null,
        timeout: config?.haltTimeout ?? ORPHAN_HALT_TIMEOUT,
        signal: project.signal,
      })
    const message = force ? 'cutting the power' : 'shutting down'
    const { how, via } = isUp(found)
      ? await inStep(project.emit, { machine: name, step: 'halt', message }, stop)
      : await stop()
    await windUp(project, state, { how, via })
    if (how === 'forced' && !force) {
      const why = panic === null ? 'the guest did not shut down in time' : "the guest's kernel had panicked"
      const warning = `${why}; its power was cut (${via})`
      project.emit({ type: 'notice', level: 'warn', machine: name, message: warning })
    }
    return { name, how, via, ms: Math.round(performance.now() - begun) }
  })
}

function notCreated(machines: string[]): PosadaError {
  const what =
    machines.length === 1 ? `machine ${machines[0]} does not` : `machines ${machines.join(', ')} do not`
  return new PosadaError('E_NOT_CREATED', `${what} exist yet`, { hint: 'posada up makes it' })
}
