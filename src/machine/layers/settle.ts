import type { MachinePaths, MachineState } from '../../project/index.ts'
import { record } from '../record.ts'
import { makeNext, marksOf, takeNext } from './next-disks.ts'

/**
 * Puts the disks of a machine that does not run back to the snapshot that it is being restored to, where it is: also after a
 * restore that was cut short. It has not run since, so nothing is lost.
 */
export async function settleDisks(paths: MachinePaths, state: MachineState): Promise<MachineState> {
  const { restoring: id, spec } = state
  if (id === undefined) return state
  await makeNext(paths, id, spec.disks)
  const marks = Object.entries(await marksOf(spec.disks, 'next'))
  await takeNext(spec.disks)
  const disks = Object.fromEntries(marks.map(([name, mark]) => [name, [mark]]))
  return record(paths, ({ restoring: _, suspended, ...rest }) => ({
    ...rest,
    ...(suspended === undefined ? {} : { suspended: { ...suspended, disks } }),
  }))
}
