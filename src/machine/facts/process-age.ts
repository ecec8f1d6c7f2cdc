import { readTextIfThere } from '../../lib/files/write-file.ts'
import { processIdentity } from '../../lib/process/process-identity.ts'

/** USER_HZ: what the kernel counts process times in for programs, on every architecture that Node runs on. Source: time(7). */
const ticksPerSecond = 100

/**
 * Milliseconds for which a process has lived, by a clock that is never set; null where it has ended or the system does
 * not say; undefined stands for one of another host. Source: proc_pid_stat(5), starttime; proc_uptime(5).
 */
export async function processAge(pid: number | undefined): Promise<number | null> {
  if (pid === undefined) return null
  const uptime = Number((await readTextIfThere('/proc/uptime'))?.split(' ')[0])
  const begun = Number((await processIdentity(pid))?.startTime)
  const age = uptime - begun / ticksPerSecond
  return Number.isFinite(age) ? Math.max(0, age * 1000) : null
}
