import type { MemoryRange } from './memory-map.ts'
import { field, headerStart, type SetupHeader } from './setup-header.ts'

/** Offsets in struct boot_params (Linux, Documentation/arch/x86/zero-page.rst). */
const bootParams = { acpiRsdpAddr: 0x70, e820Entries: 0x1e8, e820Table: 0x2d0 } as const
const e820EntrySize = 20
const e820Max = 128

export interface ZeroPageOptions {
  header: SetupHeader
  commandLine: number
  rsdp: number
  initrd: { address: number; size: number } | null
  memory: readonly MemoryRange[]
}

/** The page of boot parameters that RSI points to on entry. All addresses are below 4 GiB. */
export function buildZeroPage({ header, commandLine, rsdp, initrd, memory }: ZeroPageOptions): Uint8Array {
  const page = new Uint8Array(4096)
  const view = new DataView(page.buffer)
  page.set(header.bytes, headerStart)
  view.setUint8(field.typeOfLoader, 0xff) // a loader without a number of its own
  view.setUint32(field.cmdLinePtr, commandLine, true)
  view.setUint32(field.ramdiskImage, initrd?.address ?? 0, true)
  view.setUint32(field.ramdiskSize, initrd?.size ?? 0, true)
  view.setUint32(bootParams.acpiRsdpAddr, rsdp, true)
  const ranges = memory.slice(0, e820Max)
  view.setUint8(bootParams.e820Entries, ranges.length)
  ranges.forEach(({ base, size, type }, index) => {
    const at = bootParams.e820Table + index * e820EntrySize
    view.setBigUint64(at, BigInt(base), true)
    view.setBigUint64(at + 8, BigInt(size), true)
    view.setUint32(at + 16, type, true)
  })
  return page
}
