import type { Machine, SyncedFolder } from '../../manifest/index.ts'
import { type MachineState, readState } from '../../project/index.ts'
import { type Conflict, listConflicts } from '../../sync/index.ts'
import type { Declared, Places } from '../project.ts'
import { selectMachines } from '../select.ts'
import { pairOf } from './pairs.ts'

/** A path that both sides changed. Times are ISO 8601. */
export interface ConflictResult extends Omit<Conflict, 'since'> {
  machine: string
  /** The folder in the guest that `path` is relative to. */
  to: string
  since: string
}

/** What both sides changed in folders of `type: mirror`, machine by machine. */
export async function syncConflicts(
  project: Declared & Places,
  machines: readonly string[],
): Promise<ConflictResult[]> {
  const found: ConflictResult[] = []
  for (const { config, state, folder } of await mirrored(project, machines)) {
    const { stateDir, to } = await pairOf(project, state, folder)
    for (const { since, ...conflict } of await listConflicts(stateDir))
      found.push({ machine: config.name, to, ...conflict, since: new Date(since).toISOString() })
  }
  return found
}

export interface Mirrored {
  config: Machine
  state: MachineState
  folder: SyncedFolder
}

/** Folders of `type: mirror` of machines that have been made. */
export async function mirrored(
  { manifest, paths }: Declared & Places,
  machines: readonly string[],
): Promise<Mirrored[]> {
  const all: Mirrored[] = []
  for (const config of selectMachines(manifest, machines)) {
    const folders = config.sync.filter(({ type }) => type === 'mirror')
    const state = folders.length === 0 ? null : await readState(paths.machine(config.name))
    if (state !== null) all.push(...folders.map((folder) => ({ config, state, folder })))
  }
  return all
}
