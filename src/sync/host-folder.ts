import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { isErrno } from '../lib/files/errno.ts'
import { exchange } from '../lib/native/exchange.ts'
import { isInside, statHost } from './host-stat.ts'
import { below } from './paths.ts'
import type { Received } from './receive.ts'
import { type Entry, parentOf } from './reconcile.ts'
import { identityOf, type Stat, stampOf } from './stamp.ts'
import type { TrashBatch } from './trash.ts'

/** What is to be done at one path of a side, and what was seen there. */
export interface Order {
  path: string
  entry: Entry | null
  /** What is there now, with its stamp. */
  there: (Entry & { stamp: string }) | null
}

/** What came of it: the new stamp, `stale` where something else was found there, `!` and why it cannot be. */
export type Outcome = string

export const stale = 'stale'

/**
 * Carries one order out on the host. What leaves goes to the trash, nothing takes the place of what was not seen, and nothing
 * is written through a link. `received`: the content of a file or link.
 */
export async function carryOut(
  root: string,
  { path, entry, there }: Order,
  { trash, received }: { trash: TrashBatch; received: Received | undefined },
): Promise<Outcome> {
  try {
    if (!isInside(root, path)) return stale
    if (entry !== null && isSameContent(entry, there)) return setMode(root, path, { entry, there })
    const exchanged = replace(root, path, { entry, there, trash, received })
    if (exchanged !== null) return exchanged
    if (there !== null && !(await leave(root, path, { there, trash }))) return stale
    if (entry === null) return ''
    return place(root, path, { entry, received })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY', 'EISDIR', 'ELOOP'))
      return clash(root, path, error) ?? stale
    const why = isErrno(error) ? whys[error.code ?? ''] : undefined
    if (why !== undefined) return `!${why}`
    throw error
  }
}

const whys: Record<string, string> = {
  EACCES: 'permission denied on the host',
  EPERM: 'permission denied on the host',
  ENAMETOOLONG: "its name is too long for the host's file system",
  EINVAL: "the host's file system does not allow this name",
  EILSEQ: "the host's file system does not allow this name",
  EXDEV: 'it is on another file system of the host',
  EFBIG: "it is too large for the host's file system",
}

function isSameContent(entry: Entry, there: Order['there']): boolean {
  return there !== null && entry.kind === there.kind && entry.digest === there.digest
}

function setMode(
  root: string,
  path: string,
  { entry, there }: { entry: Entry; there: Order['there'] },
): Outcome {
  const before = statHost(root, path)
  if (before === null || there === null || !isStill(before, there.stamp)) return stale
  if (entry.kind !== 'link') chmodSync(below(root, path), entry.mode)
  const after = statHost(root, path)
  return after !== null && isStill(after, there.stamp) ? stampNow(after) : '?'
}

/** Whether what is there is what was seen, its mode and the time of its inode aside. */
export function isStill(stat: Stat, stamp: string): boolean {
  return stat.kind === 'folder' ? stat.inode === stamp : stamp.startsWith(`${identityOf(stat)}.`)
}

function stampNow(stat: Stat): string {
  return stampOf(stat, BigInt(Date.now()) * 1_000_000n)
}

async function leave(
  root: string,
  path: string,
  { there, trash }: { there: Entry & { stamp: string }; trash: TrashBatch },
): Promise<boolean> {
  const found = statHost(root, path)
  if (found === null) return true
  if (!isStill(found, there.stamp)) return false
  if (there.kind === 'folder') {
    try {
      rmdirSync(below(root, path))
    } catch (error) {
      // What stays behind holds it, or what came just now, which is new then.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
    return true
  }
  await trash.take(root, path)
  return true
}

/**
 * Puts a file or link in the place of another by one step, so that it is never missing, and what it was goes to the trash.
 * Null: that cannot be here.
 */
function replace(root: string, path: string, replacing: Replacing): Outcome | null {
  const { entry, there, trash, received } = replacing
  if (entry === null || there === null || entry.kind === 'folder' || there.kind === 'folder') return null
  if (!isReceived(entry, received)) return null
  const found = statHost(root, path)
  if (found === null || !isStill(found, there.stamp)) return null
  const away = trash.place(path)
  try {
    if (received.kind === 'link') symlinkSync(received.target, away)
    else {
      chmodSync(received.file, entry.mode)
      renameSync(received.file, away)
    }
  } catch (error) {
    if (!isErrno(error, 'EXDEV', 'EEXIST')) throw error
    return null
  }
  const before = statHost(trash.folder, path)
  if (exchange(away, below(root, path))) return seenAfter(root, path, before)
  if (received.kind === 'link') rmSync(away)
  else renameSync(away, received.file)
  return null
}

interface Replacing extends Omit<Order, 'path'> {
  trash: TrashBatch
  received: Received | undefined
}

function isReceived(entry: Entry, received: Received | undefined): received is Received {
  return received !== undefined && received.kind === entry.kind && received.digest === entry.digest
}

/** The stamp of what was just placed, where that is still it. */
function seenAfter(root: string, path: string, before: Stat | null): Outcome {
  const after = statHost(root, path)
  if (before === null || after === null) return '?'
  return identityOf(after) === identityOf(before) ? stampNow(after) : '?'
}

function place(
  root: string,
  path: string,
  { entry, received }: { entry: Entry; received: Received | undefined },
): Outcome {
  const to = below(root, path)
  if (entry.kind === 'folder') {
    mkdirSync(to, { mode: 0o700 })
    chmodSync(to, entry.mode | 0o700)
    return statHost(root, path)?.inode ?? stale
  }
  if (!isReceived(entry, received)) return stale
  if (received.kind === 'link') {
    symlinkSync(received.target, to)
    const after = statHost(root, path)
    return after?.kind === 'link' ? stampNow(after) : '?'
  }
  chmodSync(received.file, entry.mode)
  const before = statHost('', received.file.slice(1))
  putInPlace(received.file, to)
  return seenAfter(root, path, before)
}

/** By one step that never takes the place of anything. EEXIST. */
function putInPlace(file: string, to: Buffer): void {
  try {
    linkSync(file, to)
    rmSync(file)
  } catch (error) {
    if (!isErrno(error, 'EPERM', 'ENOTSUP', 'EMLINK', 'ENOSYS')) throw error
    // A file system without hard links.
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined)
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' })
    renameSync(file, to)
  }
}

/** On a file system that takes `A` and `a` for one name, the second of them is in the first one's way, and is not listed. */
function clash(root: string, path: string, error: unknown): string | null {
  if (!isErrno(error, 'EEXIST') || statHost(root, path) === null) return null
  const parent = parentOf(path)
  const names = readdirSync(parent === null ? root : below(root, parent), { encoding: 'latin1' })
  return names.includes(path.slice(path.lastIndexOf('/') + 1)) ? null : `!${clashes}`
}

const clashes =
  "the host's file system takes it for another name there, which differs in case or in how a letter is written"
