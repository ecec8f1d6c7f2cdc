import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../src/lib/files/errno.ts'

/** A control group of version 2, as CI services put a job into. */
export interface Cgroup {
  /** Puts a process in, with all that it starts from now on. */
  add(pid: number): void
  /** Process ids of those that are in it. */
  pids(): number[]
  /** Kills them all at once, in the kernel. */
  kill(): void
  /** False while the kernel still ends one of them. */
  remove(): boolean
}

/** Null where this user may make none. Source: Linux, Documentation/admin-guide/cgroup-v2.rst. */
export function makeCgroup(): Cgroup | null {
  const [, root] = /^(?:\S+ ){4}(\S+) .* - cgroup2 /m.exec(readFileSync('/proc/self/mountinfo', 'utf8')) ?? []
  if (root === undefined) return null
  let path: string
  try {
    path = mkdtempSync(join(root, 'posada-test-'))
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'EROFS')) return null
    throw error
  }
  const procs = join(path, 'cgroup.procs')
  return {
    add: (pid) => writeFileSync(procs, String(pid)),
    pids: () => readFileSync(procs, 'utf8').split('\n').filter(Boolean).map(Number),
    kill: () => writeFileSync(join(path, 'cgroup.kill'), '1'),
    remove() {
      try {
        rmdirSync(path)
        return true
      } catch (error) {
        if (isErrno(error, 'EBUSY')) return false
        throw error
      }
    },
  }
}
