import { createHash } from 'node:crypto'
import { withoutCredentials } from '../lib/net/url-credentials.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import { changeLockfile, type LockedFiles, type LockfilePaths, readLockfile } from '../project/index.ts'
import { readCached, sha256Of, writeCached } from './cache.ts'
import type { FetchOptions } from './fetch.ts'
import { otherThanBefore, otherThanChecksum, otherThanLocked, otherThanWritten } from './mismatch.ts'
import type { MovedFile, WebFile, WebFiles, WebFileUse } from './model.ts'

export interface WebFilesOptions extends FetchOptions {
  paths: LockfilePaths
  /** The folder of the user's cache of such files. */
  cache: string
  /** How the user started this: `posada up`. */
  command: string
  /** Milliseconds to wait for another command that writes posada.lock. */
  lockWait: number
  /** Which are fetched again whatever posada.lock has, by their URL without credentials. Absent: none. */
  moves?: (url: string) => boolean
  /** What is fetched when the cache does not have it; anything unless given. What is not: E_NOT_LOCKED, E_TRANSFER. */
  fetches?: 'anything' | 'locked' | 'nothing'
}

/** See WebFiles. What fetches is loaded when something is. */
export function webFiles(options: WebFilesOptions): WebFiles {
  const { paths, cache, moves = () => false } = options
  /** By address, so that machines which come up together fetch a script once; the cache may be emptied later. */
  const underway = new Map<string, Promise<WebFile>>()
  /** Digests of what came from URLs without credentials: posada.lock has one for each. */
  const came = new Map<string, string>()
  const urls = new Set<string>()
  /** What posada.lock is to have. */
  const unlocked = new Map<string, { sha256: string; use: WebFileUse; address: WebAddress }>()

  const obtain = async (address: WebAddress, use: WebFileUse): Promise<WebFile> => {
    const url = withoutCredentials(address.url)
    const locked = moves(url) ? undefined : (await readLockfile(paths.lockfile)).files.get(url)
    const before = locked ?? came.get(url)
    const wanted = before ?? (address.checksum?.algorithm === 'sha256' ? address.checksum.hex : null)
    const cached = wanted === null ? null : await readCached(cache, wanted, use.limit)
    const bytes = cached ?? (await fetchMissing(address, use, { ...options, isLocked: locked !== undefined }))
    const sha256 = sha256Of(bytes)
    const wrong = { what: use.what, address, lockfile: paths.lockfile }
    if (locked !== undefined && sha256 !== locked) throw otherThanLocked({ ...wrong, locked }, sha256)
    checkChecksum(bytes, { ...wrong, locked })
    if (cached === null) await writeCached(cache, sha256, bytes)
    const other = came.get(url) ?? sha256
    if (locked === undefined && other !== sha256) throw otherThanBefore(wrong, [other, sha256])
    came.set(url, sha256)
    if (before === undefined) unlocked.set(url, { sha256, use, address })
    return { bytes }
  }

  const compare = (files: LockedFiles): MovedFile[] =>
    [...unlocked].map(([url, { sha256, use, address }]) => {
      const had = files.get(url)
      // Another command may have been first to write down what it came to.
      if (had !== undefined && had !== sha256 && !moves(url))
        throw otherThanLocked({ ...use, address, locked: had, lockfile: paths.lockfile }, sha256)
      const from = had === undefined ? null : `sha256:${had}`
      return { url, from, to: `sha256:${sha256}`, changed: had !== sha256 }
    })

  const write = async (): Promise<MovedFile[]> => {
    if (unlocked.size === 0) return []
    const { command, lockWait: wait, signal } = options
    const moved = await changeLockfile({ paths, command, wait, signal }, ({ files }) => {
      const result = compare(files)
      for (const [url, { sha256 }] of unlocked) files.set(url, sha256)
      return { result, changed: result.some(({ changed }) => changed) }
    })
    for (const { url } of moved) unlocked.delete(url)
    return moved
  }

  let writing: Promise<unknown> = Promise.resolve()
  // No caller continues before what it got is written, whoever writes it; one that fails leaves it to the next.
  const keep = (): Promise<MovedFile[]> => {
    const written = writing.then(write, write)
    writing = written
    return written
  }

  return {
    get: (address, use) => {
      const key = JSON.stringify(address)
      urls.add(withoutCredentials(address.url))
      const file = underway.get(key) ?? obtain(address, use).finally(() => underway.delete(key))
      underway.set(key, file)
      return file
    },
    urls: () => [...urls],
    moves: async () => compare((await readLockfile(paths.lockfile)).files),
    keep,
  }
}

async function fetchMissing(
  address: WebAddress,
  use: WebFileUse,
  options: WebFilesOptions & { isLocked: boolean },
): Promise<Uint8Array> {
  const { fetchBytes, notAtHand, notLocked } = await import('./fetch.ts')
  const { fetches, isLocked } = options
  if (fetches === 'nothing') throw notAtHand(address.url, use.what, null)
  if (fetches === 'locked' && !isLocked) throw notLocked(address.url, use.what)
  return fetchBytes(address, use, options)
}

interface Checking {
  what: string
  address: WebAddress
  locked: string | undefined
  lockfile: string
}

/** Holds what is at hand against what the manifest says. */
function checkChecksum(bytes: Uint8Array, { what, address, locked, lockfile }: Checking): void {
  const { checksum } = address
  if (checksum === null) return
  const found = createHash(checksum.algorithm).update(bytes).digest('hex')
  if (found === checksum.hex) return
  throw locked === undefined
    ? otherThanChecksum({ what, address }, checksum, found)
    : otherThanWritten({ what, address, locked, lockfile }, checksum)
}
