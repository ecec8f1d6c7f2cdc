import { rm } from 'node:fs/promises'
import { isPosadaError } from '../errors/index.ts'
import { exists } from '../lib/folders.ts'
import { readIdentity } from '../project/identity.ts'
import { type MachineState, machinesOnDisk, readState } from '../project/machine-state.ts'
import { forgetInIndex } from '../project/user-index.ts'
import { dependentsFirst } from './halt.ts'
import type { Project } from './project.ts'
import type { DestroyResult } from './results.ts'
import { selectWithOrphans } from './select.ts'
import { inStep, throwFailures, withMachineLock } from './work.ts'

/**
 * Cuts the machines' power and takes away all that was made for them; boxes stay. Machines that do
 * not exist are reported so. No names: all, those that left the manifest included.
 */
export async function destroy(project: Project, machines: readonly string[]): Promise<DestroyResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  const results: DestroyResult[] = []
  const failures: unknown[] = []
  for (const { name } of dependentsFirst(selected)) {
    project.signal.throwIfAborted()
    try {
      results.push({ name, destroyed: await destroyMachine(project, name) })
    } catch (error) {
      failures.push(error)
    }
  }
  if ((await machinesOnDisk(project.paths)).length === 0) await forget(project)
  throwFailures(failures)
  return results
}

async function destroyMachine(project: Project, name: string): Promise<boolean> {
  const paths = project.paths.machine(name)
  if (!(await exists(paths.dir))) return false
  return withMachineLock(project, name, () =>
    inStep(project.emit, { machine: name, step: 'destroy', message: 'destroying' }, async () => {
      const state = await readOrLose(project, name)
      if (state !== null) {
        const provider = await project.providers.get(state.provider)
        await provider.stop(state.spec, { graceful: false, timeout: 0 })
        await provider.destroy(state.spec)
        await rm(state.spec.files.runtimeDir, { recursive: true, force: true })
      }
      // The state goes last: a destroy that is cut short can be repeated.
      await rm(paths.data, { recursive: true, force: true })
      await rm(paths.dir, { recursive: true, force: true })
      return true
    }),
  )
}

/** A state that makes no sense must not keep a machine from being destroyed. */
async function readOrLose(project: Project, name: string): Promise<MachineState | null> {
  try {
    return await readState(project.paths.machine(name))
  } catch (error) {
    if (!isPosadaError(error, 'E_STATE_CORRUPT')) throw error
    const message = `${error.message}; a process of this machine that still runs has to be ended by hand`
    project.emit({ type: 'notice', level: 'warn', machine: name, message })
    return null
  }
}

async function forget(project: Project): Promise<void> {
  const identity = await readIdentity(project.paths)
  if (identity !== null) await forgetInIndex(project.user.projects, identity.id)
}
