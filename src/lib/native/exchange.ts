import { loadKoffi } from './koffi.ts'

/** renameat2(2): these have the same values on all Linux architectures. */
const AT_FDCWD = -100
const RENAME_EXCHANGE = 2

type Rename = (...given: [from: number, old: Buffer, to: number, other: Buffer, flags: number]) => number

let rename: Rename | null | undefined

/**
 * Has what is at two paths of one file system change places, in one step: no one sees either of them missing. False: the
 * system or the file system cannot, or one of them is not there; nothing was changed. Source: renameat2(2).
 */
export function exchange(one: Buffer, other: Buffer): boolean {
  if (rename === undefined) rename = load()
  if (rename === null) return false
  const end = Buffer.alloc(1)
  const [from, to] = [Buffer.concat([one, end]), Buffer.concat([other, end])]
  return rename(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) === 0
}

function load(): Rename | null {
  if (process.platform !== 'linux') return null
  const declaration =
    'int renameat2(int from, const void *old, int to, const void *other, unsigned int flags)'
  try {
    return loadKoffi().load(null).func(declaration) as Rename
  } catch {
    // A C library that is older than the call.
    return null
  }
}
