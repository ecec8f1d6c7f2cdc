import type { Snapshot } from '../../project/index.ts'
import { checkMemory } from '../memory/check.ts'
import type { Places, Providing } from '../project.ts'

/** Whether machines can go on from the memory of a snapshot. E_MEMORY_UNUSABLE, E_CAPABILITY; before anything is made. */
export async function checkClone(
  project: Places & Providing,
  machine: string,
  snapshot: Snapshot,
): Promise<void> {
  const { memory, state } = snapshot
  if (memory === null) return
  const provider = await project.providers.get(state.provider)
  await checkMemory({
    ...{ provider, spec: state.spec, memory },
    paths: project.paths.machine(machine),
    hint: 'with --cold the copy begins with the disks only',
  })
}
