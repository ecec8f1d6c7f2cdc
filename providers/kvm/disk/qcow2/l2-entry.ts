import { compressedFlag, compressedPlace, entryOffset } from '../../../../src/lib/disk/qcow2-entry.ts'
import { DiskFault } from '../disk.ts'
import { type Qcow2Header, writeU64 } from './header.ts'

/** What a cluster of the guest is made of (qcow2.rst, "L2 table entries"). */
export type Entry =
  /** Not in this file: the base has it, or it is zero. */
  | { readonly kind: 'absent' }
  /** Reads as zero; `offset` is of the cluster it has all the same, or 0. */
  | { readonly kind: 'zero'; readonly offset: number }
  | { readonly kind: 'data'; readonly offset: number; readonly inPlace: boolean }
  | { readonly kind: 'compressed'; readonly offset: number; readonly length: number }

export const absent: Entry = { kind: 'absent' }

/** Flag of an entry, in its high half: its cluster is referenced once, so it may be written in place. */
export const copied = 0x8000_0000

/** The entry at `at` of a table. @throws DiskFault */
export function readEntry(table: Buffer, at: number, header: Qcow2Header): Entry {
  const high = table.readUInt32BE(at)
  const low = table.readUInt32BE(at + 4)
  if (high & compressedFlag) return { kind: 'compressed', ...compressedPlace(high, low, header.clusterBits) }
  const offset = entryOffset(high, low)
  if (low & 1 && header.version === 3) return { kind: 'zero', offset }
  if (offset === 0) return absent
  if (offset % 2 ** header.clusterBits !== 0) throw new DiskFault(`a cluster at ${offset} is not aligned`)
  return { kind: 'data', offset, inPlace: high >= copied }
}

/** What a writer makes; it compresses nothing. */
export type WrittenEntry = Exclude<Entry, { kind: 'compressed' }>

export function writeEntry(table: Buffer, at: number, entry: WrittenEntry): void {
  writeOwn(table, entry.kind === 'absent' ? 0 : entry.offset, at)
  if (entry.kind === 'zero') table.writeUInt8(1, at + 7)
}

/** An offset of a cluster that is referenced once, or 0. */
export function writeOwn(table: Buffer, offset: number, at: number): void {
  writeU64(table, offset, at)
  if (offset !== 0) table.writeUInt32BE((table.readUInt32BE(at) | copied) >>> 0, at)
}
