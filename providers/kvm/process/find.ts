import { hostBootId } from '../../../src/lib/boot-id.ts'
import { findProcess } from '../../../src/lib/find-process.ts'
import { isAlive, type ProcessIdentity } from '../../../src/lib/process-identity.ts'
import type { Recorded } from '../../../src/lib/run-record.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import type { Run } from '../run-record.ts'
import { isMachine } from './title.ts'

/**
 * The machine's process, or null where none lives. All processes are searched where the record names none that
 * lives and does not tell how the last run ended either, which is rare and takes some milliseconds.
 *
 * @param thorough search also where the record tells of an ending: a process that was only just started has
 *   not written its own yet
 */
export async function findRunning(
  spec: MachineSpec,
  record: Recorded<Run> | null,
  { thorough = false } = {},
): Promise<ProcessIdentity | null> {
  const run = record?.run ?? null
  if (run !== null) {
    const isOfThisBoot = run.bootId === (await hostBootId())
    const { pid, startTime } = run
    if (isOfThisBoot && (await isAlive({ pid, startTime }))) return { pid, startTime }
    if (!thorough && (!isOfThisBoot || run.ending !== undefined)) return null
  }
  return await findProcess((argv) => isMachine(argv, spec.id))
}
