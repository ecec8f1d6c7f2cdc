import { halt } from './halt.ts'
import type { Project } from './project.ts'
import type { UpMachineResult } from './results.ts'
import { resume } from './resume.ts'
import { status } from './status.ts'
import { up } from './up.ts'

export interface ReloadOptions {
  /** None: all. */
  machines: readonly string[]
  force: boolean
  provision: boolean
}

/** Stops machines and starts them with what the manifest says now. */
export async function reload(project: Project, options: ReloadOptions): Promise<UpMachineResult[]> {
  if (!options.force) await resumeAsleep(project, options.machines)
  await halt(project, options)
  return up(project, options)
}

/** So that they shut down in good order: part of what their disks are to hold is in their memory. */
async function resumeAsleep(project: Project, machines: readonly string[]): Promise<void> {
  const states = await status(project, { machines, steps: false })
  const asleep = states.filter(({ state, inManifest }) => state === 'suspended' && inManifest !== false)
  if (asleep.length > 0)
    await resume(
      project,
      asleep.map(({ name }) => name),
    )
}
