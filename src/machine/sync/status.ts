import { isPosadaError } from '../../errors/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { isLocked } from '../../lib/process/lock-file.ts'
import type { Machine, MountedFolder, SyncedFolder } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { isUp, type MachineStatus } from '../../provider/index.ts'
import { readSyncStatus } from '../../sync/index.ts'
import { askSync, type Syncing } from '../../sync-process/index.ts'
import type { FolderStatus } from '../folder-results.ts'
import type { Declared, Places, Providing } from '../project.ts'
import { selectMachines } from '../select.ts'
import { hasShare, shareTag } from './mounts.ts'
import { pairOf } from './pairs.ts'

/** How the folders of machines stand. Nothing is changed and no lock is taken. */
export async function syncStatus(
  project: Declared & Places & Providing,
  machines: readonly string[],
): Promise<FolderStatus[]> {
  const all: FolderStatus[] = []
  for (const config of selectMachines(project.manifest, machines)) {
    if (config.sync.length + config.mounts.length === 0) continue
    const state = await readState(project.paths.machine(config.name))
    const provider = state === null ? null : await project.providers.get(state.provider)
    const found = state === null || provider === null ? null : await provider.status(state.spec)
    all.push(...(await folderStatuses(project, config, { state, found })))
  }
  return all
}

/** Those of one machine; `state` is null for one that is not made. */
export async function folderStatuses(
  project: Places,
  config: Machine,
  { state, found }: { state: MachineState | null; found: MachineStatus | null },
): Promise<FolderStatus[]> {
  const runs = found !== null && isUp(found)
  const { syncLock, foldersLock } = project.paths.machine(config.name)
  const syncing = runs ? await askSync(syncLock) : null
  const isAtWork = runs && syncing === null && (await exists(foldersLock)) && (await isLocked(foldersLock))
  const known = { config, state, runs, syncing, isAtWork }
  return [
    ...(await Promise.all(config.sync.map((folder) => statusOf(project, folder, known)))),
    ...config.mounts.map((folder) => mountStatus(folder, { config, state, found })),
  ]
}

/** What a machine that runs was started with is mounted, unless its server has ended. */
function mountStatus(
  folder: MountedFolder,
  { config, state, found }: Pick<Known, 'config' | 'state'> & { found: MachineStatus | null },
): FolderStatus {
  const { from, to, type } = folder
  const at = state?.folders?.[to]?.at ?? null
  const base = { ...unknown, machine: config.name, from, to, type, at }
  if (state === null || found === null || !isUp(found)) return { ...base, state: 'stopped' }
  const tells = (problem: string) => ({ ...base, state: 'stopped' as const, problem })
  const reload = `(posada reload ${config.name})`
  if (!hasShare(state.spec, folder)) return tells(`it is new in the manifest ${reload}`)
  if (found.lostShares?.includes(shareTag(folder)) === true)
    return tells(
      `the process that serves it has ended: whatever works in it waits (posada reload --force ${config.name})`,
    )
  return at === null
    ? tells(`up has not come to it yet (posada up ${config.name})`)
    : { ...base, state: 'mounted' }
}

const unknown = { behind: 0, bytes: 0, conflicts: 0, scanning: { host: false, guest: false } }

async function statusOf(
  project: Places,
  folder: SyncedFolder,
  { config, state, runs, syncing, isAtWork }: Known,
): Promise<FolderStatus> {
  const { from, to, type } = folder
  const at = state?.folders?.[to]?.at ?? null
  const base: FolderStatus = {
    machine: config.name,
    ...{ from, to, type },
    ...unknown,
    state: type === 'mirror' ? 'stopped' : at === null ? 'missing' : 'copied',
    at,
  }
  if (state === null || type === 'once') return base
  try {
    const { stateDir } = await pairOf(project, state, folder)
    const { at: last, ...found } = await readSyncStatus(stateDir)
    const problem = isAtWork ? null : problemOf(to, config.name, { runs, syncing })
    // Its process has just begun, and not written yet how it stands.
    if (runs && found.state === 'stopped') found.state = 'syncing'
    return {
      ...base,
      ...found,
      ...(last === 0 ? {} : { at: new Date(last).toISOString() }),
      ...(problem === null ? {} : { problem }),
      ...(runs && problem === null ? {} : { state: 'stopped', scanning: unknown.scanning }),
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
  /** Whether a command brings folders in: the process that keeps them equal is started after that. */
  isAtWork: boolean
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
