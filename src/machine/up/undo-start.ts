import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { windUp } from '../down/wind-up.ts'
import type { Locking, Places, Reporting } from '../project.ts'
import { record } from '../record.ts'

/** A machine that is being started. */
interface Begun {
  provider: Provider
  config: Machine
}

/**
 * A machine that was begun and not finished is not left running behind the user's Ctrl-C; nor one
 * whose kernel panicked, which would keep a processor busy and the next `up` from starting it.
 */
export async function undoUnfinished<T>(
  project: Places & Locking,
  { provider, config }: Begun,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const crashed = isPosadaError(error, 'E_MACHINE_CRASHED')
    if (project.signal.aborted || crashed) {
      await cutOrWarn(project, config, () =>
        cutPower(project, { provider, config }, crashed ? error.value : undefined),
      )
    }
    throw error
  }
}

/** What led here is the failure to tell; that the machine could not be stopped either comes as a warning. */
async function cutOrWarn(project: Reporting, config: Machine, cut: () => Promise<void>): Promise<void> {
  try {
    await cut()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    project.emit({
      type: 'notice',
      level: 'warn',
      machine: config.name,
      message: `the machine could not be stopped: ${why}`,
      hint: `posada halt --force ${config.name}`,
    })
  }
}

async function cutPower(
  project: Places & Locking,
  { provider, config }: Begun,
  panic: string | undefined,
): Promise<void> {
  const paths = project.paths.machine(config.name)
  const state = await readState(paths)
  if (state === null) return
  const stopped = await provider.stop(state.spec, { graceful: false, timeout: 0 })
  if (panic !== undefined) {
    const at = new Date().toISOString()
    await record(paths, (now) => ({ ...now, start: { at, ...now.start, panic } }))
  }
  await windUp(project, config.name, stopped)
}

/** What is known of a creation that was cut short: nothing that it was made from, or that was done in it. */
export function begunAgain({ layer: _, ...state }: MachineState): MachineState {
  return { ...state, provision: {} }
}
