import { lstatSync, mkdirSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { isErrno } from '../lib/files/errno.ts'
import { makeFolder } from '../lib/files/make-folder.ts'
import { lockFile } from '../lib/process/lock-file.ts'
import { Ancestor } from './ancestor.ts'
import { GuestFolder } from './guest-folder.ts'
import { Ignored, workFolder } from './ignored.ts'
import { Bases } from './merge.ts'
import { lockOf } from './status.ts'
import { sweepTrash, TrashBatch } from './trash.ts'
import type { GuestShell, SyncOptions, SyncPair } from './types.ts'

/** All that a reconciliation works on. */
export interface Session {
  pair: SyncPair
  /** The host's folder, no link in its path. */
  root: string
  /** A folder of the host, on the same file system, for what is on its way. */
  work: string
  /** Of the host's folder. */
  inode: string
  guest: GuestFolder
  ancestor: Ancestor
  ignored: Ignored
  bases: Bases
  emit: Emit
  machine: string | undefined
  /** Bytes that were written on the host since `flush`. */
  isHostDirty: boolean
  isGuestDirty: boolean
  /** What left its place in the guest and waits for `drainLeft`; after a kill, for the next session. */
  batches: string[]
}

/** Milliseconds to wait for a process that only looks. */
const patience = 1000

/** Takes a pair's lock, opens both sides, and lends them to `work`. E_SYNC_BUSY, E_SYNC_ROOT, E_SYNC_GUEST. */
export async function withSession<T>(
  { pair, shell, options }: { pair: SyncPair; shell: GuestShell; options: SyncOptions },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { emit, signal, machine } = options
  const root = rootOf(pair)
  await makeFolder(pair.stateDir, { mode: 0o700 })
  const lock = await lockFile(lockOf(pair.stateDir), { limit: patience, signal })
  if (typeof lock === 'string')
    throw new PosadaError('E_SYNC_BUSY', `another process is syncing ${pair.from}`, {
      value: pair.from,
      hint: 'posada sync status says how far it is',
    })
  let guest: GuestFolder | undefined
  let ancestor: Ancestor | undefined
  try {
    ancestor = await Ancestor.load(pair.stateDir)
    guest = await GuestFolder.open(pair, shell, signal)
    const opened = guest
    const onAbort = () => opened.close()
    signal.addEventListener('abort', onAbort)
    const session: Session = {
      pair,
      root,
      work: workOf(pair, root),
      inode: lstatSync(root, { bigint: true }).ino.toString(),
      guest,
      ancestor,
      ignored: new Ignored(pair),
      bases: new Bases(pair.stateDir),
      emit,
      machine,
      isHostDirty: false,
      isGuestDirty: false,
      batches: [],
    }
    try {
      await matchIdentity(session)
      for (const batch of guest.leftOver) await drain(session, batch)
      await sweepTrash(pair.stateDir)
      await session.bases.sweep(ancestor)
      return await work(session)
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    } finally {
      signal.removeEventListener('abort', onAbort)
      rmSync(session.work, { recursive: true, force: true })
    }
  } finally {
    guest?.close()
    await ancestor?.close()
    await lock.close()
  }
}

/** Brings what a batch took out of its place in the guest into the host's trash. */
export async function drain({ guest, pair }: Session, batch: string): Promise<void> {
  const trash = new TrashBatch(pair.stateDir, 'guest')
  // Beside the trash: `work` may be on another file system. What a kill left there is in the guest still.
  const folder = join(pair.stateDir, 'drained', batch)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await guest.drain(batch, folder, async (path, { kind, file, target }) => {
    if (kind === 'link') await symlink(target, trash.place(path))
    else await rename(file, trash.place(path))
  })
  await rm(folder, { recursive: true })
}

/** Brings what left its place in the guest, and waits there, into the host's trash. */
export async function drainLeft(session: Session): Promise<void> {
  for (const batch of session.batches.splice(0)) await drain(session, batch)
}

/**
 * Brings what left its place in the guest into the trash, and makes what was done so far last over a power cut, first on both
 * sides, then in the ancestor. Other work goes on meanwhile, and is for the next one.
 */
export async function flush(session: Session): Promise<void> {
  const { isGuestDirty, isHostDirty, ancestor } = session
  const set = ancestor.takeSet()
  session.isGuestDirty = false
  session.isHostDirty = false
  await drainLeft(session)
  if (isGuestDirty) await session.guest.flush()
  if (isHostDirty) await execa('sync', ['-f', session.root], { reject: false })
  await ancestor.save(set)
}

function rootOf({ from }: SyncPair): string {
  try {
    if (lstatSync(realpathSync(from)).isDirectory()) return realpathSync(from)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
  }
  throw new PosadaError(
    'E_SYNC_ROOT',
    `${from} is not a folder of this host; nothing was changed in the guest`,
    {
      value: from,
      hint: 'create it, or mount the disk that it is on',
    },
  )
}

/** Beside the state where that is on the same file system, else in the folder, where it is left out. */
function workOf(pair: SyncPair, root: string): string {
  const isNear = lstatSync(pair.stateDir).dev === lstatSync(root).dev
  const work = isNear ? join(pair.stateDir, 'work') : join(root, workFolder)
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { mode: 0o700 })
  return work
}

/** Two other folders have no ancestor in common: then nothing is taken for deleted. */
async function matchIdentity({ root, guest, ancestor, pair, emit, machine }: Session): Promise<void> {
  const { ino, birthtimeNs } = lstatSync(root, { bigint: true })
  const identity = `${ino}.${birthtimeNs} ${guest.identity}`
  if (ancestor.identity === identity) return
  const [host = ''] = ancestor.identity.split(' ')
  if (ancestor.size > 0 && host !== `${ino}.${birthtimeNs}` && readdirSync(root).length === 0)
    throw emptied(pair.from, 'replaced by an empty one')
  if (ancestor.size > 0)
    emit({
      type: 'notice',
      level: 'warn',
      message: `${pair.from} or ${pair.to} is not the same folder as before: the two are merged, and nothing is deleted`,
      ...(machine === undefined ? {} : { machine }),
    })
  await ancestor.reset(identity)
}

/** E_SYNC_ROOT of a folder in which nothing is left. */
export function emptied(folder: string, how: string): PosadaError {
  return new PosadaError('E_SYNC_ROOT', `${folder} was ${how}; the other side was left as it is`, {
    value: folder,
    hint: 'is a disk not mounted? If it is meant to be empty, empty the other side by hand, too',
  })
}
