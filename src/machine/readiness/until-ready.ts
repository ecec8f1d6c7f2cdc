import { isPosadaError } from '../../errors/index.ts'
import type { SshSession } from '../../ssh/index.ts'
import type { LoginInputs } from '../guest/login.ts'
import { raceCrash } from '../guest/ready.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { awaitReady } from './await-ready.ts'
import { probeName } from './probe.ts'

/**
 * Waits until a machine, whose lock is held, is ready by all probes of the manifest, and records what came of it.
 * E_NOT_READY where it did not come in time. `open` is asked for a session where a probe looks from inside the guest.
 */
export async function untilReady(
  project: Places & Reporting,
  { config, provider, state }: LoginInputs,
  open: () => Promise<SshSession>,
): Promise<void> {
  const { emit, signal } = project
  const { spec, start } = state
  const consoleFrom = start?.consoleFrom ?? 0
  const console = { path: spec.files.consoleLog, from: consoleFrom }
  const wait = async () => {
    if (config.ready.some(({ kind }) => kind !== 'console'))
      return awaitReady(config, { session: await open(), console, signal })
    // Where nothing is asked over a connection, none breaks off when the machine ends.
    const watched = { provider, spec, consoleFrom, signal }
    return raceCrash(watched, (signal) => awaitReady(config, { session: null, console, signal }))
  }
  const machine = config.name
  const message = `waiting until ready: ${config.ready.map(probeName).join(', ')}`
  try {
    await inStep(emit, { machine, step: 'ready', message }, wait)
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
