import { dirname } from 'node:path'
import { type LockHolder, lockHolder, sendCommand } from '../../background/index.ts'
import { isPosadaError, PosadaError } from '../../errors/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { deadlineIn } from '../../lib/async/time-limit.ts'
import { terminate } from '../../lib/process/process-identity.ts'
import { asObject } from '../../lib/values/as-object.ts'
import { networkSockets } from '../../project/index.ts'
import type { Places } from '../project.ts'

/** Milliseconds for an answer, for any sign of life, and for a process to put its sockets back. */
const patience = { answer: 5000, life: 1000, sockets: 2000 }

/** The project's network process, where one runs. */
export function runningProcess({ paths }: Places): Promise<LockHolder | null> {
  return lockHolder(paths.networks.processLock)
}

/** What the process says of its networks; null where none runs. E_CONTROL where it does not answer. */
export async function networkStatus(project: Places): Promise<Record<string, unknown> | null> {
  const holder = await runningProcess(project)
  const answer = holder === null ? 'gone' : await askRunning(holder, 'status', {})
  if (answer !== 'hung') return answer === 'gone' ? null : answer
  throw new PosadaError('E_CONTROL', 'the project’s network process does not answer', {
    value: `process ${holder?.identity.pid}`,
    hint: 'posada up replaces it; running machines are linked again by themselves',
  })
}

/** Where the process is asked for captures; null where none runs. */
export async function captureSocket(project: Places): Promise<string | null> {
  const holder = await runningProcess(project)
  return holder === null ? null : networkSockets(dirname(holder.control)).capture
}

/** `gone`: no one listens at its socket; `hung`: it accepts commands and answers none. */
export type Answer = Record<string, unknown> | 'gone' | 'hung'

/**
 * Asks the process for something. One that lost its sockets, for a logout empties the folder that they are
 * in, is told to put them back; it keeps its links.
 */
export async function askRunning(
  holder: LockHolder,
  name: string,
  given: Record<string, unknown>,
): Promise<Answer> {
  try {
    const answer = await ask(holder, name, given)
    if (answer !== null) return answer
  } catch (error) {
    // One that has an answer to nothing hangs; one that refuses this command does not.
    if (!isPosadaError(error, 'E_CONTROL') || (await isResponsive(holder))) throw error
    return 'hung'
  }
  const deadline = deadlineIn(patience.sockets)
  await terminate(holder.identity, 'SIGHUP')
  while (!deadline.isOver()) {
    await sleep(20)
    const answer = await ask(holder, name, given)
    if (answer !== null) return answer
  }
  return 'gone'
}

async function isResponsive({ control }: LockHolder): Promise<boolean> {
  try {
    return (await sendCommand(control, { name: 'status', timeout: patience.life })) !== null
  } catch (error) {
    if (isPosadaError(error, 'E_CONTROL')) return false
    throw error
  }
}

async function ask({ control }: LockHolder, name: string, given: Record<string, unknown>) {
  const answer = await sendCommand(control, { name, arguments: given, timeout: patience.answer })
  return answer === null ? null : asObject(answer)
}
