import type { Machine } from '../../manifest/index.ts'
import type { Declared } from '../project.ts'
import type { Moment, Surroundings } from './each-hook.ts'

/** Runs a machine's hooks of a moment; see `runEachHook`. What runs them takes long to load, and few machines have any. */
export async function runHooks(project: Surroundings, config: Machine, moment: Moment): Promise<void> {
  if (config.hooks[moment.when][moment.verb].length === 0) return
  const { runEachHook } = await import('./each-hook.ts')
  await runEachHook(project, config, moment)
}

/** The same of several machines, side by side; those that are not in the manifest have none. */
export async function runHooksOf(
  project: Surroundings & Declared,
  machines: readonly string[],
  moment: Moment,
): Promise<void> {
  const configs = project.manifest.machines.filter(({ name }) => machines.includes(name))
  await Promise.all(configs.map((config) => runHooks(project, config, moment)))
}
