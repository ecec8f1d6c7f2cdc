import { pool } from '../../lib/async/pool.ts'
import { ensureIdentity, type MachineState } from '../../project/index.ts'
import { isUp, ownProcess, type Provider } from '../../provider/index.ts'
import { whileUp } from '../companions/all.ts'
import type { HandOver } from '../guest/reach-guest.ts'
import { inStep } from '../in-step.ts'
import { setClock } from '../memory/set-clock.ts'
import { goOn, loadMemory, type Sleeper } from '../memory/wake.ts'
import type { Project } from '../project.ts'

/** Machines at once: each waits for the disk, a new process and its guest most of the time. */
const atOnce = 16

/**
 * Wakes suspended machines whose locks are held and whose memory was checked: that of all is loaded before the first goes
 * on, so that none hears others that are not there yet.
 */
export async function wakeTogether(
  project: Project,
  asleep: readonly { provider: Provider; previous: MachineState }[],
  handOver?: HandOver,
): Promise<void> {
  if (asleep.length === 0) return
  const { id: projectId } = await ensureIdentity(project.paths)
  const sleepers = asleep.flatMap(({ provider, previous: state }): Sleeper[] => {
    const config = project.manifest.machines.find(({ name }) => name === state.spec.name)
    return config === undefined ? [] : [{ projectId, config, provider, state, isChecked: true }]
  })
  const loaded: Sleeper[] = []
  await pool(atOnce, sleepers, async (sleeper) => {
    const step = { machine: sleeper.config.name, step: 'resume', message: 'loading its memory' }
    const state = await inStep(project.emit, step, () => loadMemory(project, sleeper))
    loaded.push({ ...sleeper, state })
  })
  const awake = await Promise.all(loaded.map(async (one) => ({ ...one, state: await goOn(project, one) })))
  await pool(atOnce, awake, async (one) => {
    const step = { machine: one.config.name, step: 'resume', message: 'setting its clock' }
    await inStep(project.emit, step, () => setClock(project, one, handOver))
    const status = await one.provider.status(one.state.spec)
    if (isUp(status)) await whileUp(project, { ...one, pid: ownProcess(status) })
  })
}
