import { existsSync } from 'node:fs'
import { hostBootId } from '../../../src/lib/process/boot-id.ts'
import { isAlive, type ProcessIdentity } from '../../../src/lib/process/process-identity.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { findProcess, type Recorded } from '../../../src/provider-kit/index.ts'
import { kvmFiles } from '../files.ts'
import type { Run } from '../run-record.ts'
import { isMachine } from './title.ts'

/**
 * The machine's process, or null where none lives. All processes are searched where the record names none that
 * lives and does not tell how the last run ended either, or a start that has not come to the record yet was begun since;
 * this is rare and takes some milliseconds.
 *
 * @param thorough search also where the record tells of an ending and nothing of another start
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
    const isOver = (!isOfThisBoot || run.ending !== undefined) && !existsSync(kvmFiles(spec).starting)
    if (!thorough && isOver) return null
  }
  return await findProcess(spec.id, (found) => isMachine(found, spec.id))
}
