import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type BackingKind,
  bestBacking,
  createBacking,
  savedBacking,
} from '../../../../../providers/kvm/memory/backing.ts'
import { createRam } from '../../../../../providers/kvm/memory/ram.ts'

const MiB = 2 ** 20

describe.each<BackingKind>(['file', 'anonymous'])('RAM of kind %s', (kind) => {
  it('is zero, keeps what is written, and gives pages back that read as zero', () => {
    const size = 8 * MiB
    const { memory, mappings, clear, contents } = createRam(size, createBacking(size, kind))
    const start = mappings[0]?.hostAddress ?? 1
    expect(start % (2 * MiB)).toBe(0)
    expect(mapped(start).name).toBe(kind === 'file' ? '/memfd:posada-ram (deleted)' : '')
    expect(memory.readU32(5 * MiB)).toBe(0)
    memory.slice(0, size)?.fill(7)
    expect(mapped(start).resident).toBe(size)
    expect(found(contents())).toEqual([[0, size]])
    expect(memory.release(4 * MiB, 2 * MiB)).toBe(true)
    expect(mapped(start).resident).toBe(size - 2 * MiB)
    expect([4 * MiB - 1, 4 * MiB, 6 * MiB - 1, 6 * MiB].map((at) => memory.readU8(at))).toEqual([7, 0, 0, 7])
    const runs = [
      [0, 4 * MiB],
      [6 * MiB, 8 * MiB],
    ]
    const { resident } = mapped(start)
    expect(found(contents())).toEqual(runs)
    // To look at it makes nothing of it.
    expect(mapped(start).resident).toBe(resident)
    clear()
    expect(mapped(start).resident).toBe(0)
    expect(memory.readU8(0)).toBe(0)
  })
})

describe('RAM that was saved', () => {
  it('is what the file has, keeps what is written to itself, and gives pages back that read as zero', () => {
    const folder = mkdtempSync(join(tmpdir(), 'posada-ram-'))
    try {
      const size = 4 * MiB
      const file = Buffer.alloc(4096 + size, 5)
      file.fill(0, 4096 + 2 * MiB, 4096 + 3 * MiB)
      writeFileSync(join(folder, 'file'), file)
      const fd = openSync(join(folder, 'file'), 'r')
      const { memory, clear, contents } = createRam(size, savedBacking(size, { fd, offset: 4096 }))
      closeSync(fd)
      expect(found(contents())).toEqual([
        [0, 2 * MiB],
        [3 * MiB, 4 * MiB],
      ])
      memory.writeU8(2 * MiB + 4096, 7)
      expect([0, 2 * MiB + 4096, 3 * MiB].map((at) => memory.readU8(at))).toEqual([5, 7, 5])
      expect(memory.release(0, MiB)).toBe(true)
      expect([0, MiB - 1, MiB].map((at) => memory.readU8(at))).toEqual([0, 0, 5])
      clear()
      expect(found(contents())).toEqual([])
      expect(readFileSync(join(folder, 'file')).equals(file)).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Where runs that follow each other begin and end. */
function found(contents: Iterable<{ offset: number; bytes: Uint8Array }>): number[][] {
  const runs: number[][] = []
  for (const { offset, bytes } of contents) {
    const last = runs.at(-1)
    if (last?.[1] === offset) last[1] = offset + bytes.length
    else runs.push([offset, offset + bytes.length])
  }
  return runs
}

describe('RAM of its own choice', () => {
  // As /sys/kernel/mm/transparent_hugepage of Linux has it (Documentation/admin-guide/mm/transhuge.rst).
  it.each([
    {
      enabled: 'always [madvise] never',
      shmem: 'always within_size advise [never] deny force',
      is: 'anonymous',
    },
    {
      enabled: '[always] madvise never',
      shmem: 'always within_size advise never [deny] force',
      is: 'anonymous',
    },
    { enabled: 'always [madvise] never', shmem: 'always within_size [advise] never deny force', is: 'file' },
    { enabled: 'always madvise [never]', shmem: 'always within_size advise [never] deny force', is: 'file' },
    { enabled: '', shmem: '', is: 'file' },
  ])('is $is where anonymous memory has "$enabled" and files have "$shmem"', ({ enabled, shmem, is }) => {
    expect(bestBacking((path) => (path.endsWith('/shmem_enabled') ? shmem : enabled))).toBe(is)
  })

  it('reads the settings of this host', () => {
    expect(['file', 'anonymous']).toContain(bestBacking())
  })
})

/** The mapping that begins at `start` (proc(5), smaps), its bytes that are there. */
function mapped(start: number): { name: string; resident: number } {
  const smaps = readFileSync('/proc/self/smaps', 'latin1')
  const entry = new RegExp(
    `^${start.toString(16)}-\\S+ \\S+ \\S+ \\S+ \\d+ *(.*)\\n(?:\\w+:.*\\n)*?Rss: +(\\d+) kB`,
    'm',
  )
  const [, name = '', kibibytes] = entry.exec(smaps) ?? []
  return { name, resident: Number(kibibytes) * 1024 }
}
