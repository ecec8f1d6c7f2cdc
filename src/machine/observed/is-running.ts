import { isPosadaError } from '../../errors/index.ts'
import type { MachineState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import type { Providing } from '../project.ts'

/** Whether a machine has a process, as far as can be told: its provider may no longer be installed. */
export async function isRunning(project: Providing, state: MachineState): Promise<boolean> {
  try {
    const provider = await project.providers.get(state.provider)
    return isUp(await provider.status(state.spec))
  } catch (error) {
    if (isPosadaError(error, 'E_PROVIDER_UNKNOWN')) return false
    throw error
  }
}
