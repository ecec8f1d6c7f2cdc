import { rm } from 'node:fs/promises'
import type { MachinePaths, MachineState } from '../../project/index.ts'
import { record } from '../record.ts'

/** A machine goes on, or is to boot: what was saved of its memory is of no use with the disks that it then has. */
export async function forgetMemory(paths: MachinePaths): Promise<MachineState> {
  const state = await record(paths, (now) => {
    const { suspended, ...rest } = now
    return suspended === undefined ? now : rest
  })
  for (const path of [paths.memory, `${paths.memory}.part`]) await rm(path, { force: true })
  return state
}
