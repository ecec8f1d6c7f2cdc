import { PosadaError } from '../../../src/errors/index.ts'
import type { ImageFile } from './kernel-file.ts'

/** A part of an ELF file that is loaded into memory; what exceeds `fileSize` there is zero. */
export interface ElfSegment {
  address: number
  offset: number
  fileSize: number
  memorySize: number
}

export interface PvhKernel {
  segments: ElfSegment[]
  /** Physical address of the 32-bit entry point. */
  entry: number
}

// ELF-64 Object File Format 1.5: figures 2, 6 and 7.
const headerSize = 64
const programHeaderSize = 56
const PT_LOAD = 1
const PT_NOTE = 4
const EM_X86_64 = 62
/** XEN_ELFNOTE_PHYS32_ENTRY (Xen, public/elfnote.h). */
const pvhNote = 18

const maxProgramHeaders = 64
const maxNoteBytes = 64 * 1024

export function isElf(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(0, 4)).toString('latin1') === '\x7fELF'
}

/**
 * Reads the segments and the PVH entry point of an uncompressed kernel.
 *
 * @throws PosadaError E_KERNEL_INVALID
 */
export function readPvhKernel(file: ImageFile): PvhKernel {
  const refuse = (message: string, hint?: string) =>
    new PosadaError('E_KERNEL_INVALID', message, {
      value: file.path,
      ...(hint === undefined ? {} : { hint }),
    })
  const header = file.read(0, headerSize)
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  // Class 64 bits, little-endian, for x86-64.
  const fits =
    header.length === headerSize &&
    header[4] === 2 &&
    header[5] === 1 &&
    view.getUint16(18, true) === EM_X86_64
  if (!fits || view.getUint16(54, true) !== programHeaderSize)
    throw refuse(`${file.path} is not an ELF file for x86-64`)
  const count = view.getUint16(56, true)
  if (count > maxProgramHeaders)
    throw refuse(`${file.path} has ${count} program headers; a kernel has a handful`)
  const truncated = () => refuse(`${file.path} is truncated`, 'download or copy it again')
  const tableOffset = number64(view, 32)
  if (tableOffset + count * programHeaderSize > file.size) throw truncated()
  const table = file.read(tableOffset, count * programHeaderSize)

  const segments: ElfSegment[] = []
  let entry: number | null = null
  const entries = new DataView(table.buffer, table.byteOffset, table.byteLength)
  for (let at = 0; at < table.length; at += programHeaderSize) {
    const type = entries.getUint32(at, true)
    const offset = number64(entries, at + 8)
    const fileSize = number64(entries, at + 32)
    if (offset + fileSize > file.size) throw truncated()
    if (type === PT_LOAD) {
      const memorySize = number64(entries, at + 40)
      if (memorySize < fileSize) throw refuse(`${file.path} has a segment larger than the memory it asks for`)
      segments.push({ address: number64(entries, at + 24), offset, fileSize, memorySize })
    }
    if (type === PT_NOTE) entry ??= findPvhEntry(file.read(offset, Math.min(fileSize, maxNoteBytes)))
  }
  if (entry === null) {
    throw refuse(
      `${file.path} has no PVH entry point`,
      'build the kernel with CONFIG_PVH, or use its bzImage',
    )
  }
  return { segments, entry }
}

/** Notes: lengths of name and content, type, then both, each padded to 4 bytes. */
function findPvhEntry(notes: Uint8Array): number | null {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.byteLength)
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameSize = view.getUint32(at, true)
    const size = view.getUint32(at + 4, true)
    const content = at + 12 + Math.ceil(nameSize / 4) * 4
    if (content + size > notes.length) return null
    const name = Buffer.from(notes.subarray(at + 12, at + 12 + nameSize)).toString('latin1')
    if (name === 'Xen\0' && view.getUint32(at + 8, true) === pvhNote && size >= 4)
      return view.getUint32(content, true)
    at = content + Math.ceil(size / 4) * 4
  }
  return null
}

function number64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}
