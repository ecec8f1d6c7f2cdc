import { endForwarder } from '../../forwarder/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { StopResult } from '../../provider/index.ts'
import { releaseNetworks } from '../network/process.ts'
import type { Locking, Places } from '../project.ts'
import { record } from '../record.ts'

/**
 * To be done when a machine that is locked has been stopped, or was found so: its state says how, what served it
 * alone ends, and with the last machine on a network the network process.
 */
export async function windUp(
  project: Places & Locking,
  state: MachineState,
  { how, via }: StopResult,
): Promise<void> {
  const { name } = state.spec
  const paths = project.paths.machine(name)
  if (how !== 'already') {
    const at = new Date().toISOString()
    await record(paths, (now) => ({ ...now, stop: { at, how, via } }))
  }
  await endForwarder(paths.forwarderLock)
  if (state.networks !== undefined) await releaseNetworks(project, [name])
}
