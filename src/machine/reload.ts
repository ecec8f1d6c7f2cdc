import { halt } from './halt.ts'
import type { Project } from './project.ts'
import type { UpMachineResult } from './results.ts'
import { up } from './up.ts'

export interface ReloadOptions {
  /** None: all. */
  machines: readonly string[]
  force: boolean
  provision: boolean
}

/** Stops machines and starts them with what the manifest says now. */
export async function reload(project: Project, options: ReloadOptions): Promise<UpMachineResult[]> {
  await halt(project, options)
  return up(project, options)
}
