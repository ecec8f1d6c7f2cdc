import { PosadaError } from '../../errors/index.ts'
import { machineId, readIdentity } from '../../project/index.ts'
import { listTrash, restoreFromTrash, type TrashItem } from '../../sync/index.ts'
import type { Declared, Places } from '../project.ts'
import { selectMachines } from '../select.ts'
import { pairsEver } from './pairs.ts'

/** Something that was replaced or deleted by a sync. Times are ISO 8601. */
export interface TrashResult extends Omit<TrashItem, 'at'> {
  machine: string
  /** The folder in the guest that `path` is relative to. */
  to: string
  at: string
}

export interface RestoreOptions {
  /** None: all. */
  machines: readonly string[]
  /** As in `.gitignore`; none: nothing is restored. */
  patterns: readonly string[]
}

/**
 * What is in the trash, or, with patterns, what of it was put back into the host's folder; from there it is carried to
 * the guest like any other change. A machine that was destroyed, or made again since, has its old trash still. E_SYNC_NONE.
 */
export async function syncRestore(
  project: Declared & Places,
  { machines, patterns }: RestoreOptions,
): Promise<TrashResult[]> {
  const found: TrashResult[] = []
  const identity = await readIdentity(project.paths)
  for (const { name, sync } of identity === null ? [] : selectMachines(project.manifest, machines))
    for (const folder of sync.filter(({ type }) => type === 'mirror'))
      for (const pair of await pairsEver(project, machineId(identity?.id ?? '', name), folder)) {
        const items = patterns.length === 0 ? listTrash(pair.stateDir) : restoreFromTrash(pair, patterns)
        for (const { at, ...item } of await items)
          found.push({ machine: name, to: pair.to, ...item, at: new Date(at).toISOString() })
      }
  if (found.length === 0 && patterns.length > 0)
    throw new PosadaError('E_SYNC_NONE', `nothing in the trash matches ${patterns.join(' ')}`, {
      value: patterns.join(' '),
      hint: 'posada sync restore lists what is in it',
    })
  return found
}
