import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type BackingKind, bestBacking } from '../../../../../providers/kvm/memory/backing.ts'
import { createRam } from '../../../../../providers/kvm/memory/ram.ts'

const MiB = 2 ** 20

describe.each<BackingKind>(['file', 'anonymous'])('RAM of kind %s', (kind) => {
  it('is zero, keeps what is written, and gives pages back that read as zero', () => {
    const size = 8 * MiB
    const { memory, mappings, clear } = createRam(size, kind)
    const start = mappings[0]?.hostAddress ?? 1
    expect(start % (2 * MiB)).toBe(0)
    expect(mapped(start).name).toBe(kind === 'file' ? '/memfd:posada-ram (deleted)' : '')
    expect(memory.readU32(5 * MiB)).toBe(0)
    memory.slice(0, size)?.fill(7)
    expect(mapped(start).resident).toBe(size)
    expect(memory.release(4 * MiB, 2 * MiB)).toBe(true)
    expect(mapped(start).resident).toBe(size - 2 * MiB)
    expect([4 * MiB - 1, 4 * MiB, 6 * MiB - 1, 6 * MiB].map((at) => memory.readU8(at))).toEqual([7, 0, 0, 7])
    clear()
    expect(mapped(start).resident).toBe(0)
    expect(memory.readU8(0)).toBe(0)
  })
})

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
