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
  /** Only what was replaced or deleted before then, in milliseconds since 1970. */
  before?: number
}

/**
 * What is in the trash, or, with patterns, what of it was put back into the host's folder; from there it is carried to
 * the guest like any other change. A file that is named by its path takes the place of a newer one, which goes to the
 * trash. A machine that was destroyed, or made again since, has its old trash still. E_SYNC_NONE.
 */
export async function syncRestore(
  project: Declared & Places,
  { machines, patterns, before }: RestoreOptions,
): Promise<TrashResult[]> {
  const found: TrashResult[] = []
  let taken = 0
  const identity = await readIdentity(project.paths)
  for (const { name, sync } of identity === null ? [] : selectMachines(project.manifest, machines))
    for (const folder of sync.filter(({ type }) => type === 'mirror'))
      for (const pair of await pairsEver(project, machineId(identity?.id ?? '', name), folder)) {
        const all = patterns.length === 0
        const items = all
          ? { restored: await listTrash(pair.stateDir), taken: [] }
          : await restoreFromTrash(pair, patterns, before)
        taken += items.taken.length
        for (const { at, ...item } of items.restored)
          found.push({ machine: name, to: pair.to, ...item, at: new Date(at).toISOString() })
      }
  if (found.length === 0 && patterns.length > 0) {
    const value = patterns.join(' ')
    const [why, hint] =
      taken > 0
        ? [
            `all that matches ${value} is there, in another version`,
            'name a file by its whole path to put its older version in its place',
          ]
        : [`nothing in the trash matches ${value}`, 'posada sync restore lists what is in it']
    throw new PosadaError('E_SYNC_NONE', why, { value, hint })
  }
  return found
}
