import { dirname, join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PosadaError } from '../errors/index.ts'
import { externalDataExtension, readQcow2Header } from '../lib/disk/qcow2-header.ts'
import { isErrno } from '../lib/files/errno.ts'
import { namesIn } from '../lib/files/folders.ts'
import { readStart } from '../lib/files/read-start.ts'
import { findManifest } from '../manifest/index.ts'
import {
  adoptIdentity,
  checkOwnTree,
  type MachineState,
  machinesOnDisk,
  type ProjectPaths,
  projectPaths,
  readForeignIdentity,
  readForeignState,
  type UserPaths,
  userPaths,
  withLock,
  writeState,
} from '../project/index.ts'
import type { TrustInputs } from './trust.ts'

/** What `posada trust --adopt` prints with `--json`: what was foreign and is this user's now. */
export interface AdoptResult {
  root: string
  /** The project's id; null: it was this user's before. */
  project: string | null
  machines: AdoptedMachine[]
}

export interface AdoptedMachine {
  name: string
  provider: string
  /** `debian/13@20261122.1`. */
  box: string
  /** Who logs in. */
  user: string
  disks: string[]
}

/** Milliseconds; no command works for long on what it refuses. */
const lockWait = 10_000

/**
 * Takes over the state in a project's `.posada` that was sealed with another key than this user's, after `agree` has
 * shown it: the way back for someone whose key was lost. E_STATE_FOREIGN where there are links in it, or a disk that
 * leads to files other than its box.
 */
export async function adopt(
  { file, cwd, env, signal }: TrustInputs,
  agree: (result: AdoptResult) => Promise<void>,
): Promise<AdoptResult> {
  const manifest = file === undefined ? await findManifest(cwd) : resolve(cwd, file)
  const root = manifest === null ? resolve(cwd) : dirname(manifest)
  const user = userPaths(env)
  const paths = projectPaths(root, user)
  checkOwnTree(paths)
  const identity = await readForeignIdentity(paths)
  const states = new Map<string, MachineState>()
  for (const name of await machinesOnDisk(paths)) {
    const state = await readForeignState(paths.machine(name))
    if (state === null) continue
    await checkDisks(state, { paths, name, user })
    states.set(name, state)
  }
  const result = { root, project: identity?.id ?? null, machines: [...states].map(shown) }
  if (identity === null && states.size === 0) return result
  await agree(result)
  if (identity !== null) await adoptIdentity(paths, identity)
  for (const [name, state] of states) {
    const { lock } = paths.machine(name)
    await withLock(lock, { command: 'posada trust', wait: lockWait, signal, machine: name }, async () => {
      if (!isDeepStrictEqual(await readForeignState(paths.machine(name)), state)) throw changed(paths, name)
      await writeState(paths.machine(name), state)
    })
  }
  return result
}

function shown([name, { provider, box, login, spec }]: [string, MachineState]): AdoptedMachine {
  const disks = spec.disks.map((disk) => disk.name)
  return { name, provider, box: `${box.name}@${box.version}`, user: login.user, disks }
}

/** A hypervisor opens what a disk's header names: from here on that is the machine's box, or nothing. */
async function checkDisks(
  { box, spec }: MachineState,
  { paths, name, user }: { paths: ProjectPaths; name: string; user: UserPaths },
): Promise<void> {
  const own = paths.machine(name)
  const files = new Set([...spec.disks.map((disk) => own.disk(disk.name)), ...(await imagesIn(own.data))])
  for (const path of files) {
    const header = await headerOf(path)
    if (header === null) continue
    if (typeof header === 'string') throw unusable(path, header)
    const { backingName, features, extensions } = header
    if (features.externalData || extensions.includes(externalDataExtension))
      throw unusable(path, 'its data is in another file')
    if (backingName !== null && dirname(backingName) !== join(user.boxes, 'sha256', box.digest))
      throw unusable(path, `it is based on ${backingName}, which is not its box`)
  }
}

/** Also what left the manifest: it may come back into it. */
async function imagesIn(folder: string): Promise<string[]> {
  return (await namesIn(folder)).filter((name) => name.endsWith('.qcow2')).map((name) => join(folder, name))
}

/** null: it was not made yet. */
async function headerOf(path: string) {
  try {
    const { start, size } = await readStart(path)
    return readQcow2Header(start, size)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

function unusable(path: string, why: string): PosadaError {
  return new PosadaError('E_STATE_FOREIGN', `${path} cannot be taken over: ${why}`, {
    value: path,
    hint: 'posada destroy NAME removes the machine',
  })
}

function changed(paths: ProjectPaths, name: string): PosadaError {
  const { state } = paths.machine(name)
  return new PosadaError('E_STATE_FOREIGN', `${state} changed after it was shown`, {
    value: state,
    hint: 'run posada trust --adopt again',
  })
}
