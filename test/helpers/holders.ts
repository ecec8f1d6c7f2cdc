import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isErrno } from '../../src/lib/files/errno.ts'

/** The command lines of processes that have this file open. */
export function holdersOf(path: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const holds = (pid: string) =>
    unlessOff(() => readdirSync(`/proc/${pid}/fd`), []).some(
      (fd) => unlessOff(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '') === path,
    )
  const title = (pid: string) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  return pids.filter(holds).map((pid) => unlessOff(() => title(pid), pid))
}

function unlessOff<T>(read: () => T, instead: T): T {
  try {
    return read()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return instead
    throw error
  }
}
