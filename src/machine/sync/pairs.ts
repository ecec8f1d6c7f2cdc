import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join, relative } from 'node:path'
import { namesIn } from '../../lib/files/folders.ts'
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
  { user, paths }: Places,
  { spec, createdAt = '' }: MachineState,
  folder: SyncedFolder,
): Promise<SyncPair> {
  const from = await sourceOf(folder)
  const { to, exclude, gitignore, git, merge } = folder
  const made = Math.max(Date.parse(createdAt), 0).toString(36)
  const stateDir = join(user.sync, spec.id, `${nameOf(paths.root, from, to)}-${made}`)
  return { from, to, exclude: [...exclude, never], ignoreFiles: gitignore, git, merge, stateDir }
}

/** What is remembered of a folder of each machine with this id that there was, the latest first. */
export async function pairsEver(
  { user, paths }: Places,
  id: string,
  folder: SyncedFolder,
): Promise<Pick<SyncPair, 'from' | 'to' | 'stateDir'>[]> {
  const from = await sourceOf(folder)
  const { to } = folder
  const above = join(user.sync, id)
  const names = (await namesIn(above)).filter((name) => name.startsWith(`${nameOf(paths.root, from, to)}-`))
  return names
    .sort()
    .reverse()
    .map((name) => ({ from, to, stateDir: join(above, name) }))
}

/** A folder in the project keeps its name when the project is moved, for its machines keep their ids. */
function nameOf(root: string, from: string, to: string): string {
  const inside = relative(realpathSync(root), from)
  const source = inside === '..' || inside.startsWith('../') ? from : inside
  return createHash('sha256').update(`${source}\0${to}`).digest('hex').slice(0, 12)
}
