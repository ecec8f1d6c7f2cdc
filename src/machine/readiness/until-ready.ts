import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { awaitReady } from './await-ready.ts'
import { probeName } from './probe.ts'

/**
 * Waits until a machine, whose lock is held, is ready by all probes of the manifest, and records what came of it.
 * E_NOT_READY where it did not come in time.
 */
export async function untilReady(
  project: Places & Reporting,
  config: Machine,
  session: SshSession,
): Promise<void> {
  const { emit, signal } = project
  const machine = config.name
  const message = `waiting until ready: ${config.ready.map(probeName).join(', ')}`
  try {
    await inStep(emit, { machine, step: 'ready', message }, () => awaitReady(config, session, signal))
  } catch (error) {
    if (isPosadaError(error, 'E_NOT_READY')) await recordProbed(project, machine, false)
    throw error
  }
  await recordProbed(project, machine, true)
}

async function recordProbed(project: Places, machine: string, ready: boolean): Promise<void> {
  const probed = { at: new Date().toISOString(), ready }
  await record(project.paths.machine(machine), (state) =>
    state.start === undefined ? state : { ...state, start: { ...state.start, probed } },
  )
}
