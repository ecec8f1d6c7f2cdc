import { isPosadaError } from '../../errors/index.ts'
import type { Machine, SyncedFolder } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { isUp } from '../../provider/index.ts'
import { readSyncStatus } from '../../sync/index.ts'
import { askSync, type Syncing } from '../../sync-process/index.ts'
import type { FolderStatus } from '../folder-results.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { selectMachines } from '../select.ts'
import { pairOf } from './pairs.ts'

/** How the folders of machines stand. Nothing is changed and no lock is taken. */
export async function syncStatus(
  project: Declared & Places & Providing,
  machines: readonly string[],
): Promise<FolderStatus[]> {
  const all: FolderStatus[] = []
  for (const config of selectMachines(project.manifest, machines)) {
    if (config.sync.length === 0) continue
    const state = await readState(project.paths.machine(config.name))
    const provider = state === null ? null : await project.providers.get(state.provider)
    const runs = state !== null && provider !== null && isUp(await provider.status(state.spec))
    all.push(...(await folderStatuses(project, config, { state, runs })))
  }
  return all
}

/** Those of one machine; `state` is null for one that is not made. */
export async function folderStatuses(
  project: Places,
  config: Machine,
  { state, runs }: { state: MachineState | null; runs: boolean },
): Promise<FolderStatus[]> {
  const syncing = runs ? await askSync(project.paths.machine(config.name).syncLock) : null
  return Promise.all(config.sync.map((folder) => statusOf(project, folder, { config, state, runs, syncing })))
}

async function statusOf(
  project: Places,
  folder: SyncedFolder,
  { config, state, runs, syncing }: Known,
): Promise<FolderStatus> {
  const { from, to, type } = folder
  const at = state?.folders?.[to]?.at ?? null
  const base: FolderStatus = {
    machine: config.name,
    ...{ from, to, type },
    state: type === 'mirror' ? 'stopped' : at === null ? 'missing' : 'copied',
    behind: 0,
    bytes: 0,
    conflicts: 0,
    scanning: { host: false, guest: false },
    at,
  }
  if (state === null || type === 'once') return base
  try {
    const { stateDir } = await pairOf(project, state, folder)
    const { at: last, ...found } = await readSyncStatus(stateDir)
    const problem = problemOf(to, config.name, { runs, syncing })
    // Its process has just begun, and not written yet how it stands.
    if (runs && found.state === 'stopped') found.state = 'syncing'
    return {
      ...base,
      ...found,
      ...(last === 0 ? {} : { at: new Date(last).toISOString() }),
      ...(problem === null ? {} : { state: 'stopped', problem }),
      ...(runs ? {} : { state: 'stopped', scanning: base.scanning }),
    }
  } catch (error) {
    if (!isPosadaError(error, 'E_SYNC_SOURCE')) throw error
    return { ...base, problem: error.message }
  }
}

interface Known {
  config: Machine
  state: MachineState | null
  runs: boolean
  syncing: Syncing | null
}

function problemOf(
  to: string,
  machine: string,
  { runs, syncing }: { runs: boolean; syncing: Syncing | null },
): string | null {
  if (!runs) return null
  if (syncing === null) return `the process that syncs it has stopped (posada up ${machine})`
  const problem = syncing.problems[to]
  if (problem !== undefined) return problem
  const isIts = syncing.pairs.some((pair) => pair.to === to)
  return isIts ? null : `it is new in the manifest (posada up ${machine})`
}
