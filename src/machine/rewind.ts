import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { HandOver } from './guest/reach-guest.ts'
import type { Project } from './project.ts'
import { snapshotRestore } from './snapshot/restore.ts'
import type { RestoredResult } from './snapshot-results.ts'

/** What the snapshot is called that `rewind` goes back to where none is named. */
export const readyPoint = 'ready'

/**
 * Puts all machines that have a snapshot of this name back to it, without asking: for tests, between any two of them. A
 * file of memory that no one has written to since is taken for whole, which `snapshotRestore` reads through.
 */
export async function rewind(
  project: Project,
  name: string = readyPoint,
  handOver?: HandOver,
): Promise<RestoredResult[]> {
  try {
    return await snapshotRestore(project, { name, machines: [], cold: false, trusting: true, handOver })
  } catch (error) {
    if (!isPosadaError(error, 'E_SNAPSHOT_UNKNOWN') || name !== readyPoint) throw error
    throw new PosadaError('E_SNAPSHOT_UNKNOWN', error.message, {
      value: name,
      hint: 'save it first: posada snapshot save ready',
    })
  }
}
