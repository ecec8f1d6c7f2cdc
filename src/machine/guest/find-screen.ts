import { PosadaError } from '../../errors/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { findUp } from './find-up.ts'

export interface FoundScreen {
  spec: MachineSpec
  provider: Provider
}

/** A machine that has a process and a screen. E_NOT_CREATED, E_NOT_RUNNING, E_NO_DISPLAY. */
export async function findScreen(
  project: Declared & Places & Providing,
  machine: string | undefined,
): Promise<FoundScreen> {
  const { state, provider } = await findUp(project, machine)
  const { spec } = state
  if (spec.display !== undefined) return { spec, provider }
  throw new PosadaError('E_NO_DISPLAY', `machine ${spec.name} was started without a display`, {
    machine: spec.name,
    hint: `set display: true in the manifest, then posada reload ${spec.name}`,
  })
}
