import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { readState } from '../../project/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { inStep } from '../work.ts'
import { awaitReady } from './await-ready.ts'
import { probeName } from './probe.ts'

/**
 * Waits until a machine, whose lock is held, is ready, and records what came of it. Null where the
 * manifest has no probes, or where provision steps that never ran would first have to bring about
 * what is looked for. E_NOT_READY where it did not come in time.
 */
export async function untilReady(
  project: Places & Reporting,
  config: Machine,
  session: SshSession,
): Promise<boolean | null> {
  if (config.ready.length === 0) return null
  const { emit, signal } = project
  const machine = config.name
  const done = (await readState(project.paths.machine(machine)))?.provision ?? {}
  if (config.provision.some(({ name }) => done[name] === undefined)) {
    const message = 'whether it is ready was not looked at: provision steps are left to run'
    emit({ type: 'notice', level: 'info', machine, message })
    return null
  }
  const message = `waiting until it is ready: ${config.ready.map(probeName).join(', ')}`
  try {
    await inStep(emit, { machine, step: 'ready', message }, () => awaitReady(config, session, signal))
  } catch (error) {
    if (isPosadaError(error, 'E_NOT_READY')) await recordProbed(project, machine, false)
    throw error
  }
  await recordProbed(project, machine, true)
  return true
}

async function recordProbed(project: Places, machine: string, ready: boolean): Promise<void> {
  const probed = { at: new Date().toISOString(), ready }
  await record(project.paths.machine(machine), (state) =>
    state.start === undefined ? state : { ...state, start: { ...state.start, probed } },
  )
}
