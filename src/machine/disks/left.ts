import { exists } from '../../lib/files/folders.ts'
import { readKeptDisks } from '../../project/index.ts'
import type { Places, Reporting } from '../project.ts'
import { removeBut } from './kept.ts'

/** Disks that outlive a machine that was destroyed. */
export function tellKept({ emit }: Reporting, machine: string, disks: readonly string[]): void {
  const message = `kept for the next machine of this name: disk ${disks.join(', ')}`
  emit({
    type: 'notice',
    level: 'info',
    machine,
    message,
    hint: `posada destroy --disks ${machine} removes it`,
  })
}

/** Destroys what a machine left that is destroyed already: the disks that it kept, where they are to go as well. */
export async function disksAlone(
  project: Places & Reporting,
  name: string,
  withDisks: boolean,
): Promise<{ name: string; destroyed: boolean; keptDisks?: string[] }> {
  const { keptDisks, data, snapshots } = project.paths.machine(name)
  if (!(await exists(keptDisks))) return { name, destroyed: false }
  if (withDisks) {
    // The record goes last: what is cut short is still known.
    await removeBut([data, snapshots, keptDisks], [])
    return { name, destroyed: true }
  }
  const disks = await readKeptDisks(project.paths.machine(name))
  tellKept(project, name, disks)
  return { name, destroyed: false, keptDisks: disks }
}
