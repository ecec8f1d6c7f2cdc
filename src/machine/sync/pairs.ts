import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../lib/files/make-folder.ts'
import type { SyncedFolder } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { SyncPair } from '../../sync/index.ts'
import type { Places } from '../project.ts'
import { sourceOf } from './sources.ts'

/** Of every project, whatever `exclude` says: keys, disks and records of machines. */
const never = '.posada'

/**
 * A folder of a machine for what keeps it equal with the host's. What is remembered of it is remembered of this very
 * machine and these very folders: a machine that was made again, or another folder, begins with nothing in common.
 */
export async function pairOf(
  { user }: Places,
  { spec, createdAt = '' }: MachineState,
  folder: SyncedFolder,
): Promise<SyncPair> {
  const from = await sourceOf(folder)
  const { to, exclude, gitignore, git, merge } = folder
  const made = Math.max(Date.parse(createdAt), 0).toString(36)
  const stateDir = join(user.sync, spec.id, `${nameOf(from, to)}-${made}`)
  await makeFolder(stateDir, { mode: 0o700 })
  return { from, to, exclude: [...exclude, never], ignoreFiles: gitignore, git, merge, stateDir }
}

/** The same pair with what is remembered of each machine of this name that there was, the present one first. */
export async function pairsEver(
  places: Places,
  state: MachineState,
  folder: SyncedFolder,
): Promise<SyncPair[]> {
  const pair = await pairOf(places, state, folder)
  const above = join(places.user.sync, state.spec.id)
  const names = (await readdir(above)).filter((name) => name.startsWith(`${nameOf(pair.from, pair.to)}-`))
  const dirs = names.map((name) => join(above, name)).filter((dir) => dir !== pair.stateDir)
  return [
    pair,
    ...dirs
      .sort()
      .reverse()
      .map((stateDir) => ({ ...pair, stateDir })),
  ]
}

function nameOf(from: string, to: string): string {
  return createHash('sha256').update(`${from}\0${to}`).digest('hex').slice(0, 12)
}
