import { ensureIdentity, type MachineState } from '../../project/index.ts'
import { isUp, type Provider } from '../../provider/index.ts'
import { whileUp } from '../companions/all.ts'
import { inStep } from '../in-step.ts'
import { setClock } from '../memory/set-clock.ts'
import { goOn, loadMemory, type Sleeper } from '../memory/wake.ts'
import type { Project } from '../project.ts'

/**
 * Wakes suspended machines whose locks are held: the memory of all is loaded before the first goes on, so that none hears
 * others that are not there yet.
 */
export async function wakeTogether(
  project: Project,
  asleep: readonly { provider: Provider; previous: MachineState }[],
): Promise<void> {
  if (asleep.length === 0) return
  const { id: projectId } = await ensureIdentity(project.paths)
  const sleepers = asleep.flatMap(({ provider, previous: state }): Sleeper[] => {
    const config = project.manifest.machines.find(({ name }) => name === state.spec.name)
    return config === undefined ? [] : [{ projectId, config, provider, state }]
  })
  const loaded: Sleeper[] = []
  for (const sleeper of sleepers) {
    const step = { machine: sleeper.config.name, step: 'resume', message: 'loading its memory' }
    const state = await inStep(project.emit, step, () => loadMemory(project, sleeper))
    loaded.push({ ...sleeper, state })
  }
  const awake = await Promise.all(loaded.map(async (one) => ({ ...one, state: await goOn(project, one) })))
  for (const one of awake) {
    await setClock(project, one)
    const status = await one.provider.status(one.state.spec)
    if (isUp(status)) await whileUp(project, { ...one, pid: status.pid })
  }
}
