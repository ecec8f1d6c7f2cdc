import { isPosadaError } from '../../errors/index.ts'
import type { MachineState } from '../../project/index.ts'
import { setClock } from '../memory/set-clock.ts'
import { goOn, type Sleeper, wake } from '../memory/wake.ts'
import type { Sight } from '../observed/look.ts'
import type { Project } from '../project.ts'
import { record } from '../record.ts'

/**
 * Lets a machine go on from its memory. `isAwake` is false for a copy whose guest did not become a machine of its own:
 * it has to boot, and becomes one then.
 */
export async function resumeMachine(
  project: Project,
  sleeper: Sleeper,
  { observed }: Pick<Sight, 'observed'>,
): Promise<{ state: MachineState; isAwake: boolean }> {
  // One whose memory was loaded by a command that did not live to let it go on stands still, too.
  const awake = observed.state === 'suspended' ? wake(project, sleeper) : goOn(project, sleeper)
  const machine = sleeper.config.name
  let state: MachineState
  try {
    state = await awake
  } catch (error) {
    if (!isPosadaError(error, 'E_IDENTITY')) throw error
    const message = `${error.message}: it boots instead`
    project.emit({ type: 'notice', level: 'warn', machine, message })
    return { state: await record(project.paths.machine(machine), (now) => now), isAwake: false }
  }
  // It stands still since its memory was being saved, by a command that was killed.
  if (observed.state === 'paused' && state.start?.readyAt !== undefined)
    await setClock(project, { ...sleeper, state })
  return { state, isAwake: true }
}
