import { dirname } from 'node:path'
import { fromSystemError, isPosadaError } from '../../errors/index.ts'
import { machinesOnDisk, projectPaths, readIndex, readState, type UserPaths } from '../../project/index.ts'
import { usualOverhead } from '../../provider/index.ts'
import { leastMemory } from '../facts/least-memory.ts'
import { takenBy } from './host-memory.ts'

/** A machine of one of this user's projects that has memory of the host. */
export interface MachineUp {
  name: string
  /** The folder of its project. */
  root: string
  /** Bytes of its memory that it has not taken yet. */
  owed: number
}

/** The machines of this user's projects that are up or paused, without those of runs, which count by their shares. */
export async function machinesUp(user: UserPaths): Promise<MachineUp[]> {
  const projects = (await readIndex(user.projects)).filter(({ root }) => dirname(root) !== user.runs)
  const known = (await Promise.all(projects.map(({ root }) => machinesOf(root, user)))).flat()
  const taken = await takenBy(known.map(({ folder }) => folder))
  return known.flatMap(({ name, root, memory }, index) => {
    const has = taken[index] ?? 0
    return has === 0 ? [] : [{ name, root, owed: Math.max(0, memory + usualOverhead - has) }]
  })
}

/** A project that nothing can be said of is left out: its folder may be gone, its state damaged. */
async function machinesOf(root: string, user: UserPaths) {
  const paths = projectPaths(root, user)
  const found: { name: string; root: string; folder: string; memory: number }[] = []
  try {
    for (const name of await machinesOnDisk(paths)) {
      const machine = paths.machine(name)
      const state = await readState(machine)
      if (state !== null) found.push({ name, root, folder: machine.data, memory: leastMemory(state.spec) })
    }
  } catch (error) {
    if (!isPosadaError(fromSystemError(error))) throw error
  }
  return found
}
