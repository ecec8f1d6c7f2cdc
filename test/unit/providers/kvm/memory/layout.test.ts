import { describe, expect, it } from 'vitest'
import * as layout from '../../../../../providers/kvm/memory/layout.ts'

const GiB = 2 ** 30

describe('layout of guest addresses', () => {
  it('keeps apart what lies in the first MiB', () => {
    const ranges = [
      [layout.gdtAddress, 6 * 8],
      [layout.pvhStartInfo, 0x1000],
      [layout.zeroPage, 0x1000],
      [layout.bootStack - 0xf00, 0xf00],
      [layout.pageTables, 3 * 0x1000],
      [layout.commandLine, layout.commandLineLimit],
      [layout.acpiTables, layout.rsdp - layout.acpiTables],
      [layout.rsdp, 36],
      [layout.highRamStart, 0],
    ] as const
    for (const [i, [base, size]] of ranges.entries()) {
      expect(base + size).toBeLessThanOrEqual(ranges[i + 1]?.[0] ?? base)
    }
  })

  it('keeps apart what lies in the hole', () => {
    expect(layout.pciMemory.base + layout.pciMemory.size).toBeLessThanOrEqual(layout.ioApic)
    expect(layout.localApic + 0x1000).toBeLessThanOrEqual(layout.identityMap)
    // The TSS takes three pages (KVM api.rst, 4.36).
    expect(layout.tss + 3 * 4096).toBeLessThanOrEqual(layout.holeEnd)
  })

  it.each([
    [GiB, [[0, GiB, 0]]],
    [3 * GiB, [[0, 3 * GiB, 0]]],
    [
      3 * GiB + 4096,
      [
        [0, 3 * GiB, 0],
        [4 * GiB, 4096, 3 * GiB],
      ],
    ],
    [
      16 * GiB,
      [
        [0, 3 * GiB, 0],
        [4 * GiB, 13 * GiB, 3 * GiB],
      ],
    ],
  ])('splits %d bytes of RAM at the hole', (size, expected) => {
    const regions = layout.ramRegions(size)
    expect(regions.map(({ base, size: length, offset }) => [base, length, offset])).toEqual(expected)
  })
})
