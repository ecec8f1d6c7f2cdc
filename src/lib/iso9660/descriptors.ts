import { type Extent, record } from './directory.ts'
import { blockSize, both16, both32, type Charset, longTime, padded } from './fields.ts'

export interface Volume {
  label: string
  /** Blocks of the whole volume. */
  blocks: number
  root: Extent
  /** First blocks of the two path tables, in little-endian and in big-endian order. */
  pathTables: { little: number; big: number; size: number }
  time: Date
}

/** Primary volume descriptor, or Joliet's supplementary one. ECMA-119, sections 9.4 and 9.5. */
export function volumeDescriptor(volume: Volume, charset: Charset): Buffer {
  const { label, blocks, root, pathTables, time } = volume
  const text = (value: string, length: number) => padded(value, length, charset)
  const tables = Buffer.alloc(16)
  tables.writeUInt32LE(pathTables.little, 0)
  tables.writeUInt32BE(pathTables.big, 8)
  const escapes = Buffer.alloc(32)
  // Level 3 of UCS-2. Joliet Specification, "Escape Sequences".
  if (charset.joliet) escapes.write('%/E', 'latin1')
  return Buffer.concat(
    [
      start(charset.joliet ? 2 : 1),
      Buffer.alloc(1),
      text('', 32),
      text(label, 32),
      Buffer.alloc(8),
      both32(blocks),
      escapes,
      both16(1),
      both16(1),
      both16(blockSize),
      both32(pathTables.size),
      tables,
      record({ ...root, identifier: Buffer.alloc(1), flags: 2, time }),
      // Volume set, publisher, preparer, application; copyright, abstract, bibliography.
      ...[128, 128, 128, 128, 37, 37, 37].map((length) => text('', length)),
      longTime(time),
      longTime(time),
      longTime(null),
      longTime(null),
      Buffer.from([1]),
    ],
    blockSize,
  )
}

/** ECMA-119, section 9.3. */
export function terminator(): Buffer {
  return Buffer.concat([start(255)], blockSize)
}

function start(type: number): Buffer {
  return Buffer.concat([Buffer.from([type]), Buffer.from('CD001', 'latin1'), Buffer.from([1])])
}

/** A path table with the root directory alone. ECMA-119, section 10.5.1. */
export function pathTable(root: Extent, order: 'little' | 'big'): Buffer {
  const table = Buffer.alloc(pathTableSize)
  table.writeUInt8(1, 0)
  if (order === 'little') {
    table.writeUInt32LE(root.block, 2)
    table.writeUInt16LE(1, 6)
  } else {
    table.writeUInt32BE(root.block, 2)
    table.writeUInt16BE(1, 6)
  }
  return Buffer.concat([table], blockSize)
}

/** Bytes of a path table with one directory. */
export const pathTableSize = 10
