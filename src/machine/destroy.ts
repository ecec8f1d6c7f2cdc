import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { endForwarder } from '../forwarder/index.ts'
import { namesIn } from '../lib/files/folders.ts'
import {
  forgetBoxNote,
  forgetInIndex,
  isDamage,
  type MachineState,
  machinesOnDisk,
  readIndex,
  readState,
  removeRuntimeDir,
} from '../project/index.ts'
import { discardShadow } from './box/package/shadow.ts'
import { destroyLost } from './down/destroy-lost.ts'
import { takeDown } from './down/stop-order.ts'
import { releaseNetworks, removeNetworks } from './network/process.ts'
import type { Declared, Locking, Places, Project, Providing, Reporting } from './project.ts'
import type { DestroyResult } from './results.ts'
import { selectWithOrphans } from './select.ts'
import { hasFolder, inStep, throwFailures, withMachineLock } from './work.ts'

/**
 * Cuts the machines' power and takes away all that was made for them; boxes stay. Machines that do
 * not exist are reported so. No names: all, those that left the manifest included.
 */
export async function destroy(project: Project, machines: readonly string[]): Promise<DestroyResult[]> {
  const selected = await selectWithOrphans(project.manifest, project.paths, machines)
  const done = ({ destroyed }: DestroyResult) => (destroyed ? 'is destroyed' : 'did not exist')
  const { results, failures } = await takeDown(project, selected, done, async ({ name }) => ({
    name,
    destroyed: await destroyMachine(project, name),
  }))
  for (const id of await idsHere(project))
    for (const { name, destroyed } of results)
      if (destroyed) await forgetBoxNote(project.user.projects, id, name)
  if ((await machinesOnDisk(project.paths)).length === 0) {
    await removeNetworks(project)
    await forget(project)
  }
  throwFailures(failures)
  return results
}

async function destroyMachine(
  project: Declared & Places & Providing & Locking,
  name: string,
): Promise<boolean> {
  const paths = project.paths.machine(name)
  if (!(await hasFolder(project, name))) return false
  return withMachineLock(project, name, () =>
    inStep(project.emit, { machine: name, step: 'destroy', message: 'destroying' }, async () => {
      await discardShadow(project, name)
      const files = (await namesIn(paths.dir)).map((entry) => join(paths.dir, entry))
      await endForwarder(paths.forwarderLock)
      const state = await readOrLose(project, name)
      if (state !== null) {
        const provider = await project.providers.get(state.provider)
        await provider.stop(state.spec, { graceful: false, timeout: 0 })
        await provider.destroy(state.spec)
        await removeRuntimeDir(state.spec.files.runtimeDir)
        if (state.networks !== undefined) await releaseNetworks(project, [name])
      }
      // The state goes last: what a destroy that is cut short leaves is still known as a machine.
      const rest = files.filter((path) => path !== paths.state && path !== paths.lock)
      for (const path of rest) await rm(path, { recursive: true, force: true })
      await rm(paths.state, { force: true })
      return files.some((path) => path !== paths.lock)
    }),
  )
}

/**
 * A state that makes no sense must not keep a machine from being destroyed, nor one that somebody put into this
 * user's project. In a project that is not this user's on this host nothing is touched: E_STATE_FOREIGN.
 */
async function readOrLose(
  project: Declared & Places & Providing & Reporting,
  name: string,
): Promise<MachineState | null> {
  try {
    return await readState(project.paths.machine(name))
  } catch (error) {
    if (!isDamage(error)) throw error
    const done = await destroyLost(project, name)
    if (!done && error.code === 'E_STATE_FOREIGN') throw error
    const message = done ? error.message : `${error.message}; what still runs of it has to be ended by hand`
    project.emit({ type: 'notice', level: 'warn', machine: name, message })
    return null
  }
}

async function forget(project: Places): Promise<void> {
  for (const id of await idsHere(project)) await forgetInIndex(project.user.projects, id)
}

/** The index is found by folder, too: what stands in project.json may be damaged. */
async function idsHere({ user, paths }: Places): Promise<string[]> {
  return (await readIndex(user.projects)).filter(({ root }) => root === paths.root).map(({ id }) => id)
}
