import { isElf } from './elf.ts'

// ELF-64 Object File Format 1.5: figures 2, 6 and 7.
const headerSize = 64
const programHeaderSize = 56
const PT_LOAD = 1
const at = { tableOffset: 32, sectionOffset: 40, count: 56, sectionCount: 60 } as const
const field = { type: 0, offset: 8, fileSize: 32 } as const

/**
 * Leaves out the zeroes at the ends of an uncompressed kernel's segments, which memory has without being told: Linux
 * stores what it clears at its start (.bss and more), 12 MB of 53 in Debian's. Changes `kernel` and returns what
 * remains of it; any other file stays as it is.
 */
export function trimKernel(kernel: Uint8Array): Uint8Array {
  if (kernel.length < headerSize || !isElf(kernel)) return kernel
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  const table = Number(view.getBigUint64(at.tableOffset, true))
  const headers = Array.from(
    { length: view.getUint16(at.count, true) },
    (_, index) => table + index * programHeaderSize,
  )
  let end = table + headers.length * programHeaderSize
  if (end > kernel.length) return kernel
  const segments = headers.map((header) => ({
    header,
    isLoaded: view.getUint32(header + field.type, true) === PT_LOAD,
    offset: Number(view.getBigUint64(header + field.offset, true)),
    size: Number(view.getBigUint64(header + field.fileSize, true)),
  }))
  if (segments.some(({ offset, size }) => offset + size > kernel.length)) return kernel
  for (const { header, isLoaded, offset, size } of segments) {
    const kept = isLoaded ? lengthWithoutZeroes(kernel.subarray(offset, offset + size)) : size
    view.setBigUint64(header + field.fileSize, BigInt(kept), true)
    end = Math.max(end, offset + kept)
  }
  // The table of sections, which is not needed, comes last.
  view.setBigUint64(at.sectionOffset, 0n, true)
  view.setUint16(at.sectionCount, 0, true)
  return kernel.subarray(0, end)
}

function lengthWithoutZeroes(bytes: Uint8Array): number {
  let length = bytes.length
  while (length > 0 && bytes[length - 1] === 0) length -= 1
  return length
}
