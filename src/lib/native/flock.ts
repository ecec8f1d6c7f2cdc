import { loadKoffi } from './koffi.ts'

/** flock(2): LOCK_EX and LOCK_NB have these values on Linux, macOS and the BSDs. */
const LOCK_EX = 2
const LOCK_NB = 4
const EINTR = 4

type Flock = (descriptor: number, operation: number) => number

interface Library {
  flock: Flock
  errno: () => number
  wouldBlock: number | undefined
  /** Names of error numbers: `ENOLCK`. */
  names: ReadonlyMap<number, string>
}

let library: Library | undefined

/**
 * Takes the exclusive lock of an open file without waiting. False: another open file holds it. The
 * kernel frees it when the descriptor is closed or its process ends, however it ends. Node opens
 * files close-on-exec, so no child holds it on. `path` is for the error, where the file system refuses locks: one with
 * `syscall` `flock`. Source: flock(2).
 */
export function tryLock(descriptor: number, path: string): boolean {
  library ??= load()
  const { flock, errno, wouldBlock, names } = library
  for (;;) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return true
    const failure = errno()
    if (failure === EINTR) continue
    if (failure === wouldBlock) return false
    const code = names.get(failure) ?? `errno ${failure}`
    throw Object.assign(new Error(`${code}: flock '${path}'`), { code, syscall: 'flock', path })
  }
}

function load(): Library {
  const koffi = loadKoffi()
  const flock = koffi.load(null).func('int flock(int fd, int operation)') as Flock
  const { errno } = koffi.os
  const names = new Map(Object.entries(errno).map(([name, number]) => [number, name]))
  return { flock, errno: () => koffi.errno(), wouldBlock: errno.EWOULDBLOCK, names }
}
