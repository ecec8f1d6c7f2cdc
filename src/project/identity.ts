import { randomBytes } from 'node:crypto'
import { isCopyOf } from './copied.ts'
import { corrupt } from './json-file.ts'
import { withLock } from './lock.ts'
import { makeOwnFolder } from './own-folder.ts'
import { type ProjectPaths, projectPaths } from './paths.ts'
import { readForeign, readSealed, type SealedFile, writeSealed } from './seal.ts'

/** What stands in `.posada/project.json`. */
export interface ProjectIdentity {
  version: 1
  /** 8 hexadecimal digits; machines' ids are made from it. */
  id: string
  /** Where the project was when this was written: tells a moved folder from a copied one. */
  root: string
}

const removeHint = 'remove the file; machines of this project then have to be created again'

/** Milliseconds; whoever holds the lock writes a small file. */
const lockWait = 10_000

/**
 * The project's identity, or null before the first `up`: also in a folder that was copied while the
 * original is still there, for what stands in the copy's file is the original's. Nothing is written.
 */
export async function readIdentity(paths: ProjectPaths): Promise<ProjectIdentity | null> {
  const value = await readSealed(fileOf(paths), { version: 1, hint: removeHint })
  if (value === null) return null
  const identity = checked(paths, value)
  const { id, root } = identity
  const isMoved = root !== paths.root
  if (isMoved && (await isCopyOf(projectPaths(root, paths.user).project, paths.project, id))) return null
  return identity
}

/** The identity that `readIdentity` refuses as foreign; null where there is none. E_STATE_CORRUPT. */
export async function readForeignIdentity(paths: ProjectPaths): Promise<ProjectIdentity | null> {
  const value = await readForeign(fileOf(paths), { version: 1, hint: removeHint })
  return value === null ? null : checked(paths, value)
}

/** Takes over what `readForeignIdentity` gave, where the user said so. */
export async function adoptIdentity(paths: ProjectPaths, identity: ProjectIdentity): Promise<void> {
  await writeSealed(fileOf(paths), identity)
}

function checked({ project }: ProjectPaths, { id, root }: Record<string, unknown>): ProjectIdentity {
  if (typeof id !== 'string' || !/^[0-9a-f]{8}$/.test(id) || typeof root !== 'string')
    throw corrupt({ path: project, hint: removeHint }, 'the id or the root is missing')
  return { version: 1, id, root }
}

/**
 * The project's identity, made where there is none. A folder that was moved keeps its id; one that
 * was copied while the original is still there gets another, so that the two never meet. Two
 * commands that begin a project at once come to the same identity.
 */
export async function ensureIdentity(paths: ProjectPaths): Promise<ProjectIdentity> {
  const known = await readIdentity(paths)
  if (known?.root === paths.root) return known
  await makeOwnFolder(paths)
  return withLock(paths.lock, { command: 'posada up', wait: lockWait }, async () => {
    const now = await readIdentity(paths)
    if (now?.root === paths.root) return now
    const id = now?.id ?? randomBytes(4).toString('hex')
    const identity: ProjectIdentity = { version: 1, id, root: paths.root }
    await writeSealed(fileOf(paths), identity)
    return identity
  })
}

function fileOf({ project, user }: ProjectPaths): SealedFile {
  return { path: project, of: 'project', user }
}
