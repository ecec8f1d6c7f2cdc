// Not execa: it is for macOS, where every command that looks at a machine comes by here and would load it.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { sleep } from '../async/sleep.ts'
import { deadlineIn } from '../async/time-limit.ts'
import { isErrno } from '../files/errno.ts'

/**
 * A process, known by more than its number, which the system gives to another process some day.
 * `startTime` is text to compare and nothing else: on Linux clock ticks since boot, on macOS a date.
 */
export interface ProcessIdentity {
  pid: number
  startTime: string
}

/** The process that has this number now, or null where none lives. A zombie lives as long as a thread of it does. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | null> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  const startTime = process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid)
  return startTime === null ? null : { pid, startTime }
}

/** Whether that very process still lives. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await processIdentity(identity.pid)
  return now !== null && now.startTime === identity.startTime
}

/** Waits for that very process to end; false when it still lives after `limit` milliseconds. */
export async function hasEnded(
  identity: ProcessIdentity,
  limit: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = deadlineIn(limit)
  for (;;) {
    if (!(await isAlive(identity))) return true
    if (deadline.isOver()) return false
    await sleep(Math.max(1, Math.min(20, deadline.left())), signal)
  }
}

/**
 * Sends a signal to that very process, never to a later one of the same number. False: it lives no
 * more. Between look and signal lie some microseconds, in which a number does not come round.
 */
export async function terminate(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false
  try {
    process.kill(identity.pid, signal)
    return true
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false
    throw error
  }
}

export interface ProcStat {
  state: string
  /** Of processor time, in user and kernel mode; 100 a second. */
  ticks: number
  threads: number
  startTime: string
}

/**
 * `/proc/<pid>/stat`: the name in parentheses may itself hold spaces and parentheses, so fields are
 * counted from the last one; state is field 3, times in user and kernel mode 14 and 15, the number of threads 20, start
 * time 22. Source: proc(5).
 */
export function parseProcStat(stat: string): ProcStat | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]]
  if (state === undefined || threads === undefined || startTime === undefined) return null
  return { state, ticks: Number(fields[11]) + Number(fields[12]), threads: Number(threads), startTime }
}

/**
 * The text of `/proc/<pid>/<name>`, or null where the process is gone (also while it is being read:
 * ESRCH) or another user's. Linux only. Source: proc(5).
 */
export async function readProc(
  pid: number,
  name: 'stat' | 'status' | 'comm' | 'cmdline',
): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/${name}`, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES')) return null
    throw error
  }
}

async function fromProc(pid: number): Promise<string | null> {
  const text = await readProc(pid, 'stat')
  const stat = text === null ? null : parseProcStat(text)
  if (stat === null || stat.state === 'X') return null
  // The first thread may be gone while others, on their way out of the kernel, still hold files and locks.
  return stat.state === 'Z' && stat.threads <= 1 ? null : stat.startTime
}

async function fromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)])
    const [state = 'Z', ...date] = stdout.trim().split(/\s+/)
    return state.startsWith('Z') ? null : date.join(' ')
  } catch (error) {
    // ps ends with 1 where there is no such process.
    if (error instanceof Error && 'code' in error && error.code === 1) return null
    throw error
  }
}
