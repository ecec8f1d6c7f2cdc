import { stat } from 'node:fs/promises'
import { fromSystemError, isPosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import {
  type MachinePaths,
  readSnapshots,
  readState,
  type Snapshot,
  unlessDamaged,
} from '../../project/index.ts'
import type { Declared, Places, Reporting } from '../project.ts'
import { selectWithOrphans } from '../select.ts'
import type { SnapshotResult } from '../snapshot-results.ts'
import { inTree } from './tree.ts'

/** The snapshots of machines, each after the one that it came after. Takes no lock. */
export async function snapshotList(
  project: Declared & Places & Reporting,
  machines: readonly string[],
): Promise<SnapshotResult[]> {
  const results: SnapshotResult[] = []
  for (const { name } of await selectWithOrphans(project.manifest, project.paths, machines)) {
    const paths = project.paths.machine(name)
    const snapshots = await readSnapshots(paths, (error) => tellDamaged(project, name, error))
    const state = await unlessDamaged(readState(paths))
    for (const { node, depth } of inTree(snapshots)) {
      const { name: called, note, at, memory } = node
      results.push({
        ...{ machine: name, name: called, note, at, depth },
        parent: snapshots.find(({ id }) => id === node.parent)?.name ?? null,
        memory: memory !== null,
        size: await sizeOf(paths, node),
        current: state?.snapshot === node.id,
      })
    }
  }
  return results
}

function tellDamaged({ emit }: Reporting, machine: string, thrown: unknown): void {
  const error = fromSystemError(thrown)
  if (!isPosadaError(error)) throw error
  const { message, hint } = error
  emit({ type: 'notice', level: 'warn', machine, message, ...(hint === undefined ? {} : { hint }) })
}

/** Bytes that it takes of the host's disk. */
async function sizeOf(paths: MachinePaths, { id, state }: Snapshot): Promise<number> {
  const { memory, disk } = paths.snapshot(id)
  const files = [memory, ...state.spec.disks.map(({ name }) => disk(name))]
  const sizes = await Promise.all(files.map(takenBy))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Bytes that a file takes of the host's disk; 0 where it is not there. */
export async function takenBy(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * 512
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0
    throw error
  }
}
