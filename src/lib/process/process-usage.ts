// Not execa: see process-identity.ts.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseProcStat, readProc } from './process-identity.ts'

export interface ProcessUsage {
  /** Seconds of processor time since it began, in user and kernel mode, of all its threads. */
  cpu: number
  /** Bytes of it that are in memory. */
  memory: number
}

/** Null where there is no such process. */
export async function processUsage(pid: number): Promise<ProcessUsage | null> {
  return process.platform === 'linux' ? await fromProc(pid) : await fromPs(pid)
}

/** Bytes of a process that are in memory now; null where it is gone. Linux only. Source: proc_pid_status(5). */
export async function residentMemory(pid: number): Promise<number | null> {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec((await readProc(pid, 'status')) ?? '') ?? []
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

/** USER_HZ, which Linux has had for programs on every architecture that runs here. */
const ticksPerSecond = 100

async function fromProc(pid: number): Promise<ProcessUsage | null> {
  const stat = parseProcStat((await readProc(pid, 'stat')) ?? '')
  const memory = await residentMemory(pid)
  return stat === null || memory === null ? null : { cpu: stat.ticks / ticksPerSecond, memory }
}

async function fromPs(pid: number): Promise<ProcessUsage | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'time=,rss=', '-p', String(pid)])
    return parsePs(stdout)
  } catch (error) {
    // ps ends with 1 where there is no such process.
    if (error instanceof Error && 'code' in error && error.code === 1) return null
    throw error
  }
}

/** `[[days-]hours:]minutes:seconds` and kibibytes, as ps(1) prints `time=,rss=`. Null for anything else. */
export function parsePs(text: string): ProcessUsage | null {
  const [, days, hours, minutes, seconds, kibibytes] =
    /^\s*(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s+(\d+)\s*$/.exec(text) ?? []
  if (kibibytes === undefined) return null
  const hour = Number(days ?? 0) * 24 + Number(hours ?? 0)
  return { cpu: (hour * 60 + Number(minutes)) * 60 + Number(seconds), memory: Number(kibibytes) * 1024 }
}
