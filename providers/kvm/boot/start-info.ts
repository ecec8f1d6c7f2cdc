import type { MemoryRange } from './memory-map.ts'

export interface StartInfoOptions {
  /** Where the result will lie. */
  address: number
  commandLine: number
  rsdp: number
  initrd: { address: number; size: number } | null
  memory: readonly MemoryRange[]
}

const infoSize = 56
const moduleSize = 32
const rangeSize = 24

/**
 * struct hvm_start_info of PVH, with the initrd as its module and the memory map behind it (Xen,
 * public/arch-x86/hvm/start_info.h).
 */
export function buildStartInfo({ address, commandLine, rsdp, initrd, memory }: StartInfoOptions): Uint8Array {
  const modules = infoSize
  const map = modules + moduleSize
  const data = new Uint8Array(map + memory.length * rangeSize)
  const view = new DataView(data.buffer)
  const put64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true)
  view.setUint32(0, 0x336ec578, true) // magic: "xEn3" with bit 7 of the E set
  view.setUint32(4, 1, true) // version, with the memory map
  view.setUint32(12, initrd === null ? 0 : 1, true)
  put64(16, initrd === null ? 0 : address + modules)
  put64(24, commandLine)
  put64(32, rsdp)
  put64(40, address + map)
  view.setUint32(48, memory.length, true)
  if (initrd !== null) {
    put64(modules, initrd.address)
    put64(modules + 8, initrd.size)
  }
  memory.forEach(({ base, size, type }, index) => {
    put64(map + index * rangeSize, base)
    put64(map + index * rangeSize + 8, size)
    view.setUint32(map + index * rangeSize + 16, type, true)
  })
  return data
}
