import { isPosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { deadlineIn } from '../../lib/async/time-limit.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import { lookAtGuest } from '../../provisioners/index.ts'
import { connect } from '../../ssh/index.ts'
import { hasLogin } from '../facts/guest-kind.ts'
import { inStep } from '../in-step.ts'
import { look, type Sight, type Sighted } from '../observed/look.ts'
import type { Places, Providing, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { sshTarget } from './target.ts'

/** Milliseconds: for a guest that was asked to begin; for its answer; between two looks. */
const times = { begin: 10_000, answer: 3000, pause: 300 }

/**
 * The same, but for a guest that was told to shut down by a command that did not live to see it: it is waited for until
 * it is off, or says that it is not on its way down.
 */
export async function onceDown(
  project: Places & Providing & Reporting,
  config: Machine,
  sight: Sight,
): Promise<Sight> {
  if (sight.previous === null || sight.found.state !== 'running') return sight
  if (sight.previous.start?.stopAskedAt === undefined) return sight
  const step = {
    machine: config.name,
    step: 'halt',
    message: 'waiting for the guest, which was told to shut down',
  }
  return inStep(project.emit, step, async () => {
    const [deadline, begins] = [deadlineIn(config.haltTimeout), deadlineIn(times.begin)]
    while (!deadline.isOver()) {
      if (!isUp(await sight.provider.status(sight.previous.spec))) return look(project, config.name)
      if (begins.isOver() && (await isHere(project, sight))) break
      await sleep(times.pause, project.signal)
    }
    const previous = await record(project.paths.machine(config.name), forgetAsking)
    return { ...sight, previous }
  })
}

function forgetAsking(state: MachineState): MachineState {
  if (state.start === undefined) return state
  const { stopAskedAt: _, ...start } = state.start
  return { ...state, start }
}

/** Whether the guest can be logged in to and is not on its way down. */
async function isHere(project: Places & Reporting, { provider, previous }: Sighted): Promise<boolean> {
  if (!hasLogin(previous)) return false
  const target = sshTarget(provider, previous, project.paths.machine(previous.spec.name))
  try {
    const session = await connect(target, { timeout: times.answer, signal: project.signal })
    try {
      return !(await lookAtGuest(session, project.signal)).isStopping
    } finally {
      await session.close()
    }
  } catch (error) {
    if (isPosadaError(error)) return false
    throw error
  }
}
