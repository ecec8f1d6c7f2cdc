import { readFileSync } from 'node:fs'
import { dataRanges, punchHole } from '../ffi/descriptors.ts'
import {
  createMemoryFile,
  mapAnonymous,
  mapMemoryFile,
  mapPrivately,
  mapZeros,
  releaseMemory,
} from '../ffi/memory.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'

/**
 * What RAM is made of: a memory file (memfd), or memory of this process that has no file. Which one, and why:
 * docs/decisions/guest-memory.md.
 */
export type BackingKind = 'file' | 'anonymous'

export interface Backing {
  /** The memory file that other processes can map; null: there is none, or what they write would not be seen. */
  readonly file: number | null
  /** Where it is mapped in this process, a multiple of 2 MiB. */
  readonly start: number
  /**
   * Gives whole pages back to the host; they read as zero afterwards, unless the host keeps no account of so many ranges:
   * then they are left. `offset` counts from `start`.
   */
  release(offset: number, length: number): void
  /** The ranges in which anything may be that is not zero, in order. */
  ranges(): Iterable<{ offset: number; length: number }>
}

/** Zero bytes that take room on the host only once they are touched. They last as long as the process. */
export function createBacking(size: number, kind: BackingKind): Backing {
  if (kind === 'file') {
    const fd = createMemoryFile('posada-ram', size)
    return {
      file: fd,
      start: mapMemoryFile(fd, size),
      release: (offset, length) => punchHole(fd, offset, length),
      ranges: () => dataRanges(fd),
    }
  }
  const start = mapAnonymous(size)
  return {
    file: null,
    start,
    release: (offset, length) => releaseMemory(start + offset, length),
    ranges: () => [{ offset: 0, length: size }],
  }
}

/**
 * What was saved in a file, from `offset` on. It is read as it is touched; the file must not change meanwhile, and is not
 * written to.
 */
export function savedBacking(size: number, { fd, offset }: { fd: number; offset: number }): Backing {
  const start = mapPrivately(fd, offset, size)
  return {
    file: null,
    start,
    // Advice would bring back what the file has.
    release(at, length) {
      try {
        mapZeros(start + at, length)
      } catch (error) {
        if (!(error instanceof SystemCallError) || error.code !== 'ENOMEM') throw error
      }
    },
    ranges: () => [{ offset: 0, length: size }],
  }
}

const settings = '/sys/kernel/mm/transparent_hugepage'

/** A memory file, unless this host has huge pages for memory without a file only. */
export function bestBacking(read: (path: string) => string = readSetting): BackingKind {
  const chosen = (name: string) => /\[(\w+)\]/.exec(read(`${settings}/${name}`))?.[1] ?? 'never'
  const never = (name: string) => ['never', 'deny'].includes(chosen(name))
  return never('shmem_enabled') && !never('enabled') ? 'anonymous' : 'file'
}

/** Empty where the kernel has no such setting. */
function readSetting(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
