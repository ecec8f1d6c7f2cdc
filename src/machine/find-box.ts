import type { StoredBox } from '../box/index.ts'
import { withContext } from '../errors/index.ts'
import type { Machine } from '../manifest/index.ts'
import type { MachineState } from '../project/machine-state.ts'
import type { Project } from './project.ts'
import { wantedArch } from './spec.ts'

/** The box that a machine is made from; one that was made stays on its box, whatever became newer. */
export async function findBox(
  project: Project,
  config: Machine,
  previous: MachineState | null,
): Promise<StoredBox> {
  if (previous !== null) return project.boxes.byDigest(previous.box)
  try {
    return await project.boxes.resolve(config.box, wantedArch(config))
  } catch (error) {
    throw withContext(error, { machine: config.name, place: config.place('box') })
  }
}
