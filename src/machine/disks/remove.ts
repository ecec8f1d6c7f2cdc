import { rm } from 'node:fs/promises'
import type { Machine } from '../../manifest/index.ts'
import { sweepSnapshots } from '../layers/sweep.ts'
import type { Places, Reporting } from '../project.ts'

/** Removes disks that left the manifest; no process has them open. Snapshots that have them keep their layers. */
export async function removeDisks(
  project: Places & Reporting,
  { name: machine }: Machine,
  disks: readonly string[],
): Promise<void> {
  const paths = project.paths.machine(machine)
  for (const disk of disks) {
    await rm(paths.disk(disk), { force: true })
    const message = `disk ${disk} is no longer in the manifest, and is removed`
    project.emit({ type: 'notice', level: 'info', machine, message })
  }
  await sweepSnapshots(paths)
}
