import { isDeepStrictEqual } from 'node:util'
import { type MachinePaths, type MachineState, readState, writeState } from '../project/index.ts'

/**
 * Changes what is recorded of a machine whose lock is held, and returns what then stands there: every change
 * begins with what the last one left. Nothing is written where the change is none.
 */
export async function record(
  paths: MachinePaths,
  change: (state: MachineState) => MachineState,
): Promise<MachineState> {
  const before = await readState(paths)
  if (before === null) throw new Error(`there is no ${paths.state} to change`)
  const after = change(before)
  if (!isDeepStrictEqual(after, before)) await writeState(paths, after)
  return after
}
