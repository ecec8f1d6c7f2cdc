import {
  type MachinePaths,
  type MachineState,
  readSnapshots,
  readState,
  type Snapshot,
} from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import { layersUnder } from '../layers/chain.ts'
import type { Project } from '../project.ts'
import { selectWithOrphans } from '../select.ts'
import type { SnapshotDiffResult } from '../snapshot-results.ts'
import { takenBy } from './list.ts'
import { lookAtMade } from './locked.ts'
import { byName, unknownSnapshot } from './names.ts'
import { recordChanges } from './record-changes.ts'

export interface SnapshotDiffOptions {
  from: string
  /** Null: the machines as they are now. */
  to: string | null
  /** None: all that have the snapshots. */
  machines: readonly string[]
}

/**
 * What differs between two snapshots of machines, or between one and now: bytes written to their disks, and what was
 * recorded of them. Nothing is looked at inside the disks. Takes no lock.
 */
export async function snapshotDiff(
  project: Project,
  { from, to, machines }: SnapshotDiffOptions,
): Promise<SnapshotDiffResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  const names = selected.map(({ name }) => name)
  const results: SnapshotDiffResult[] = []
  const known: string[] = []
  for (const { previous, found } of await lookAtMade(project, names, machines.length > 0)) {
    const machine = previous.spec.name
    const paths = project.paths.machine(machine)
    const snapshots = await readSnapshots(paths, () => undefined)
    known.push(...snapshots.map(({ name }) => name))
    const [a, b] = [byName(snapshots, from), to === null ? null : byName(snapshots, to)]
    if (a === undefined || b === undefined) {
      const own = snapshots.map(({ name }) => name)
      if (machines.length > 0) throw unknownSnapshot(a === undefined ? from : (to ?? from), own, machine)
      continue
    }
    const now = { state: (await readState(paths)) ?? previous, memory: isUp(found) }
    const then = b === null ? now : { state: b.state, memory: b.memory !== null }
    results.push({
      ...{ machine, from, to },
      disk: await written(paths, { a, b, state: then.state }),
      memory: { from: a.memory !== null, to: then.memory },
      changes: recordChanges(a.state, then.state),
    })
  }
  if (results.length === 0) throw unknownSnapshot(known.includes(from) && to !== null ? to : from, known)
  return results
}

/** Bytes in the layers that one has and the other has not, on all disks. */
async function written(
  paths: MachinePaths,
  { a, b, state }: { a: Snapshot; b: Snapshot | null; state: MachineState },
): Promise<number> {
  let bytes = 0
  for (const { name } of state.spec.disks) {
    const chain = async (of: Snapshot | null) => {
      const top = of === null ? paths.disk(name) : paths.snapshot(of.id).disk(name)
      const under = (await layersUnder(paths, name, top)).map((id) => paths.snapshot(id).disk(name))
      return [top, ...under]
    }
    for (const file of onlyInOne(await chain(a), await chain(b))) bytes += await takenBy(file)
  }
  return bytes
}

/** Pure. */
export function onlyInOne(a: readonly string[], b: readonly string[]): string[] {
  return [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))]
}
