import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readTextIfThere } from '../../lib/files/write-file.ts'
import { readProc } from '../../lib/process/process-identity.ts'
import { residentMemory } from '../../lib/process/process-usage.ts'

/** Bytes of this computer's memory. */
export interface HostMemory {
  total: number
  /** What programs may still take, page cache that can be given up and free swap included. */
  available: number
}

/**
 * How much memory there is for more programs: the kernel's estimate, or less where a control group
 * (a container's) allows less. Null where it cannot be told: a system without /proc. Source:
 * proc_meminfo(5); Linux, Documentation/admin-guide/cgroup-v2.rst, Memory Interface Files.
 */
export async function hostMemory(): Promise<HostMemory | null> {
  const meminfo = await readTextIfThere('/proc/meminfo')
  const host = meminfo === null ? null : parseMeminfo(meminfo)
  if (host === null) return null
  const rooms = await groupRooms(await readTextIfThere('/proc/self/cgroup'))
  return { total: host.total, available: Math.min(host.available, ...rooms) }
}

/** Null where a line is missing. Pure. */
export function parseMeminfo(text: string): HostMemory | null {
  const bytes = (name: string) => {
    const [, kibibytes] = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text) ?? []
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
  }
  const [total, available] = [bytes('MemTotal'), bytes('MemAvailable')]
  if (total === undefined || available === undefined) return null
  return { total, available: available + (bytes('SwapFree') ?? 0) }
}

/** What the group of this process and each above it still allow; groups without a limit are left out. */
async function groupRooms(groups: string | null): Promise<number[]> {
  const [, own] = /^0::(\/.*)$/m.exec(groups ?? '') ?? []
  const rooms: number[] = []
  for (let path = own ?? '/'; path !== '/'; path = dirname(path)) {
    const read = (file: string) => readTextIfThere(join('/sys/fs/cgroup', path, file))
    const [max, current, stat] = await Promise.all([
      read('memory.max'),
      read('memory.current'),
      read('memory.stat'),
    ])
    const room = groupRoom({ max, current, stat })
    if (room !== null) rooms.push(room)
  }
  return rooms
}

/** Null for a group without a limit. Pure. */
export function groupRoom(files: {
  max: string | null
  current: string | null
  stat: string | null
}): number | null {
  const [max, current] = [Number(files.max?.trim()), Number(files.current?.trim())]
  if (files.max === null || files.current === null || Number.isNaN(max) || Number.isNaN(current)) return null
  const [, cache] = /^inactive_file (\d+)$/m.exec(files.stat ?? '') ?? []
  return Math.max(0, max - current + Number(cache ?? 0))
}

/** Bytes in memory, for each folder, of the processes whose command lines name what is in it: its machines'. */
export async function takenBy(folders: readonly string[]): Promise<number[]> {
  const taken = folders.map(() => 0)
  if (process.platform !== 'linux' || folders.length === 0) return taken
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const command = await readProc(pid, 'cmdline')
    const at = folders.findIndex((folder) => command?.includes(`${folder}/`) === true)
    if (at >= 0) taken[at] = (taken[at] ?? 0) + ((await residentMemory(pid)) ?? 0)
  }
  return taken
}
