import { PosadaError } from '../errors/index.ts'
import { isPlain } from './paths.ts'
import type { Stat } from './stamp.ts'

/** What the guest's `stat` says of a path; the path itself is empty for the folder that was listed. */
export interface Listed extends Stat {
  path: string
  device: string
}

export interface Listing {
  /** Nanoseconds since 1970 by the guest's file system; 0 where it was not asked for. */
  now: bigint
  found: Listed[]
  /** Folders that cannot be looked into. */
  closed: string[]
}

/** A guest that lists more is not one that people work in. */
const mostPaths = 3_000_000
/** Bytes of one record. */
const longest = 16_384

/**
 * Reads what `stat` wrote of paths as `find` has them: `./a/b//<mode> <inode> <size> <device> <changed>|<touched>`, a line
 * each, though names may hold line ends. A guest is not trusted: paths that are not plain are refused, E_SYNC_GUEST.
 */
export function parseListing(text: string): Listing {
  const found: Listed[] = []
  const reader = new ListingReader((listed) => found.push(listed))
  reader.feed(Buffer.from(text, 'latin1'))
  return { ...reader.finish(), found }
}

/** The same for a listing that comes in pieces. */
export class ListingReader {
  readonly #take: (listed: Listed) => void
  #rest: Buffer = Buffer.alloc(0)
  #count = 0
  #now = 0n
  readonly #closed: string[] = []

  constructor(take: (listed: Listed) => void) {
    this.#take = take
  }

  feed(bytes: Buffer): void {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    for (;;) {
      const middle = all.indexOf('//', at)
      const end = middle < 0 ? -1 : all.indexOf('\n', middle)
      if (end < 0) break
      this.#record(all.toString('latin1', at, middle), all.toString('latin1', middle + 2, end))
      at = end + 1
    }
    this.#rest = all.subarray(at)
    if (this.#rest.length > longest) throw malformed(this.#rest.toString('latin1', 0, 100))
  }

  finish(): Omit<Listing, 'found'> {
    if (this.#rest.length > 0) throw malformed(this.#rest.toString('latin1', 0, 100))
    return { now: this.#now, closed: this.#closed }
  }

  #record(name: string, facts: string): void {
    if (++this.#count > mostPaths) throw malformed(`more than ${mostPaths} paths`)
    if (name === '') {
      if (!facts.startsWith('now ')) throw malformed(facts)
      this.#now = nanoseconds(facts.slice(4))
      return
    }
    const path = name === '.' ? '' : name.slice(2)
    if (name !== '.' && (!name.startsWith('./') || !isPlain(path))) throw malformed(name)
    if (facts === '!') this.#closed.push(path)
    else this.#take(listedOf(path, facts))
  }
}

function listedOf(path: string, facts: string): Listed {
  const match = /^([0-9a-f]{1,8}) (\d{1,20}) (\d{1,16}) (\d{1,20}) ([^|]+)\|(.+)$/.exec(facts)
  if (match === null) throw malformed(facts)
  const [, raw = '', inode = '', size = '', device = '', changed = '', touched = ''] = match
  const mode = Number.parseInt(raw, 16)
  return {
    path,
    kind: kindOf(mode & 0xf000),
    mode: mode & 0o777,
    size: Number(size),
    inode,
    device,
    changed: nanoseconds(changed),
    touched: nanoseconds(touched),
  }
}

/** The type bits of st_mode. Source: inode(7). */
function kindOf(type: number): Stat['kind'] {
  return type === 0x8000 ? 'file' : type === 0x4000 ? 'folder' : type === 0xa000 ? 'link' : 'odd'
}

/** Nanoseconds, or `2026-11-28 13:28:16.338393070 +0000`; busybox may leave out what is behind the seconds. */
function nanoseconds(text: string): bigint {
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text)
  const match = /^(-?\d{1,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{9}))?(?: \+0000)?$/.exec(text)
  const seconds = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`)
  if (Number.isNaN(seconds)) throw malformed(text)
  return BigInt(seconds) * 1_000_000n + BigInt(match?.[3] ?? 0)
}

/** The same back again, as `stat -c %y` writes it. */
export function shownTime(time: bigint): string {
  const second = 1_000_000_000n
  const rest = ((time % second) + second) % second
  const date = new Date(Number((time - rest) / 1_000_000n)).toISOString()
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${String(rest).padStart(9, '0')} +0000`
}

export function malformed(what: string): PosadaError {
  return new PosadaError('E_SYNC_GUEST', 'the guest sent an unexpected answer while syncing', {
    value: JSON.stringify(what.slice(0, 100)),
    hint: 'check its shell, find, stat and tar: posada exec -- find --version',
  })
}
