import { forgetSnapshot, readSnapshots, writeSnapshot } from '../../project/index.ts'
import { sweepSnapshots } from '../layers/sweep.ts'
import type { Project } from '../project.ts'
import { record } from '../record.ts'
import { selectWithOrphans } from '../select.ts'
import { lookAtMade, withLocks } from './locked.ts'
import { byName, unknownSnapshot } from './names.ts'
import { withoutNode } from './tree.ts'

export interface SnapshotDeleteOptions {
  name: string
  /** None: all that have a snapshot of this name. */
  machines: readonly string[]
}

/** Deletes a snapshot of machines, which are not touched. Its disks' layers stay as long as something lies on them. */
export async function snapshotDelete(
  project: Project,
  { name, machines }: SnapshotDeleteOptions,
): Promise<{ machine: string; name: string }[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  const names = selected.map((machine) => machine.name)
  return withLocks(project, names, async () => {
    const deleted: { machine: string; name: string }[] = []
    const known: string[] = []
    for (const { previous } of await lookAtMade(project, names, machines.length > 0)) {
      const machine = previous.spec.name
      const paths = project.paths.machine(machine)
      const snapshots = await readSnapshots(paths, () => undefined)
      const snapshot = byName(snapshots, name)
      known.push(...snapshots.map((each) => each.name))
      if (snapshot === undefined) continue
      for (const child of withoutNode(snapshots, snapshot)) await writeSnapshot(paths, child)
      const { id, parent } = snapshot
      await record(paths, (now) => {
        const { snapshot: current, ...rest } = now
        if (current !== id) return now
        return parent === null ? rest : { ...rest, snapshot: parent }
      })
      await forgetSnapshot(paths, id)
      await sweepSnapshots(paths)
      deleted.push({ machine, name })
    }
    if (deleted.length === 0) throw unknownSnapshot(name, known)
    return deleted
  })
}
