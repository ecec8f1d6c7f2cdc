import { readFileSync } from 'node:fs'

export interface ProcessMemory {
  /** Bytes of the guest's memory that are there. */
  guest: number
  /** Bytes of all else; pages shared with other processes count in part (Pss). */
  own: number
}

/**
 * What a hypervisor's process takes of the host. The guest's memory is what lies in mappings of half its size or
 * more: no other is that large. Source: proc(5), smaps.
 */
export function processMemory(pid: number, guestSize: number): ProcessMemory {
  const memory = { guest: 0, own: 0 }
  let isGuest = false
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const [, name, kibibytes] = /^(\w+): +(\d+) kB$/.exec(line) ?? []
    const bytes = Number(kibibytes) * 1024
    if (name === 'Size') isGuest = bytes >= guestSize / 2 && bytes <= guestSize + 2 ** 22
    if (name === 'Rss' && isGuest) memory.guest += bytes
    if (name === 'Pss' && !isGuest) memory.own += bytes
  }
  return memory
}
