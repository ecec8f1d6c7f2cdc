import { PosadaError } from '../errors/index.ts'
import { machinesOnDisk, readState } from '../project/machine-state.ts'
import { projectPaths } from '../project/paths.ts'
import { readIndex } from '../project/user-index.ts'

/**
 * The machines of this user that stand on a box, as `project/machine in FOLDER`. `index` is the
 * folder of the index of projects. A state file that cannot be understood counts as standing on it: its machine
 * may.
 */
export async function machinesOnBox(index: string, digest: string): Promise<string[]> {
  const users: string[] = []
  for (const { name, root } of await readIndex(index)) {
    const paths = projectPaths(root)
    for (const machine of await machinesOnDisk(paths)) {
      if (await standsOn(paths.machine(machine), digest)) users.push(`${name}/${machine} in ${root}`)
    }
  }
  return users
}

async function standsOn(paths: Parameters<typeof readState>[0], digest: string): Promise<boolean> {
  try {
    return (await readState(paths))?.box.digest === digest
  } catch (error) {
    if (error instanceof PosadaError) return true
    throw error
  }
}
