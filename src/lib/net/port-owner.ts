import { readdir, readFile, readlink } from 'node:fs/promises'
import { isErrno } from '../files/errno.ts'
import { readTextIfThere } from '../files/write-file.ts'

export interface PortOwner {
  pid: number
  /** The process's short name. */
  name: string
}

/**
 * The process that listens on a port of this host, or null where none does or it cannot be told:
 * another user's, or a system without /proc. Source: proc(5), `/proc/net/tcp` and `/proc/[pid]/fd`.
 */
export async function portOwner(protocol: 'tcp' | 'udp', port: number): Promise<PortOwner | null> {
  if (process.platform !== 'linux') return null
  const inodes = new Set<string>()
  for (const family of ['', '6']) {
    const table = await readTextIfThere(`/proc/net/${protocol}${family}`)
    for (const inode of listeningInodes(table ?? '', protocol, port)) inodes.add(inode)
  }
  return inodes.size === 0 ? null : await holderOf(inodes)
}

/** The socket inodes of a `/proc/net/{tcp,udp}` table that are bound to `port`. For TCP: that listen. */
export function listeningInodes(table: string, protocol: 'tcp' | 'udp', port: number): string[] {
  const LISTEN = '0A'
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16) === port)
    .filter((fields) => protocol === 'udp' || fields[3] === LISTEN)
    .flatMap((fields) => fields[9] ?? [])
}

async function holderOf(inodes: ReadonlySet<string>): Promise<PortOwner | null> {
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`))
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const descriptor of await quietly(readdir(`/proc/${pid}/fd`), [])) {
      const link = await quietly(readlink(`/proc/${pid}/fd/${descriptor}`), '')
      if (!links.has(link)) continue
      const name = await quietly(readFile(`/proc/${pid}/comm`, 'utf8'), '')
      return { pid: Number(pid), name: name.trim() || 'unknown' }
    }
  }
  return null
}

/** Other users' processes may not be looked into, and any may end while it is. */
async function quietly<T>(work: Promise<T>, instead: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM', 'ENOENT', 'ESRCH')) return instead
    throw error
  }
}
