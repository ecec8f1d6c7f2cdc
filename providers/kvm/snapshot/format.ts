import { createHash } from 'node:crypto'
import { unusable } from './unusable.ts'

/**
 * The file of a saved machine: its state in sections, and behind them its RAM, from a page's boundary on and sparse, so
 * that it can be mapped. All numbers are little-endian.
 *
 *     0   `POSADAVM`, version (32 bits), number of sections (32), bytes before the RAM (32), 0 (32), bytes of RAM (64)
 *     32  SHA-256 of the 32 bytes before and of the table
 *     64  the table, 64 bytes a section: name (24, padded with zeros), 0 (32), bytes (32), SHA-256 of its content
 *         then the contents, in the order of the table and without gaps
 */
const magic = 'POSADAVM'
/** Of the file and of what the sections hold: goes up with every change of either. */
const version = 1
const headerBytes = 64
const entryBytes = 64
const nameBytes = 24
const pageSize = 4096

/** What is looked at before anything is allocated: a machine has a section a vCPU and a device. */
export const mostSections = 1024
const mostSectionBytes = 1024 * 1024
/** Bytes before the RAM, at most. */
export const mostStateBytes = 64 * 1024 * 1024

/** By their names, 1 to 24 characters of ASCII. */
export type Sections = ReadonlyMap<string, Uint8Array>

export interface SavedFile {
  sections: Sections
  /** Where the RAM lies in the file. */
  ram: { offset: number; size: number }
}

/** Where a saved machine is read from. `read` may give less than was asked for. */
export interface Source {
  size: number
  read(offset: number, length: number): Uint8Array
}

/** All that comes before the RAM. */
export function encodeState(sections: Sections, ramSize: number): Buffer {
  const contents = [...sections.values()]
  const plain = headerBytes + sections.size * entryBytes
  const length = contents.reduce((sum, content) => sum + content.length, plain)
  const file = Buffer.alloc(Math.ceil(length / pageSize) * pageSize)
  file.write(magic, 0, 'latin1')
  file.writeUInt32LE(version, 8)
  file.writeUInt32LE(sections.size, 12)
  file.writeUInt32LE(file.length, 16)
  file.writeBigUInt64LE(BigInt(ramSize), 24)
  let entry = headerBytes
  let at = plain
  for (const [name, content] of sections) {
    file.write(name, entry, nameBytes, 'latin1')
    file.writeUInt32LE(content.length, entry + nameBytes + 4)
    file.set(sha256(content), entry + 32)
    file.set(content, at)
    entry += entryBytes
    at += content.length
  }
  file.set(headSum(file.subarray(0, plain)), 32)
  return file
}

/**
 * Reads all but the RAM, and checks it.
 *
 * @throws PosadaError E_MEMORY_UNUSABLE with what is wrong
 */
export function decodeState(source: Source): SavedFile {
  const header = readAll(source, 0, headerBytes)
  if (header.toString('latin1', 0, 8) !== magic)
    throw unusable('it is not a memory of the built-in hypervisor')
  const found = header.readUInt32LE(8)
  if (found !== version)
    throw unusable(`it was saved with version ${found} of the format, and here it is ${version}`)
  const count = header.readUInt32LE(12)
  const offset = header.readUInt32LE(16)
  const size = Number(header.readBigUInt64LE(24))
  if (count > mostSections || offset > mostStateBytes || offset % pageSize !== 0) throw damaged()
  const plain = headerBytes + count * entryBytes
  const head = readAll(source, 0, plain)
  if (!headSum(head).equals(head.subarray(32, headerBytes))) throw damaged()
  if (source.size !== offset + size) throw unusable(`it has ${source.size} bytes instead of ${offset + size}`)
  const sections = new Map<string, Uint8Array>()
  let at = plain
  for (let entry = headerBytes; entry < plain; entry += entryBytes) {
    const name = head.toString('latin1', entry, entry + nameBytes).replace(/\0+$/, '')
    const length = head.readUInt32LE(entry + nameBytes + 4)
    if (length > mostSectionBytes || at + length > offset) throw damaged()
    const content = readAll(source, at, length)
    if (!sha256(content).equals(head.subarray(entry + 32, entry + entryBytes))) throw damaged()
    sections.set(name, content)
    at += length
  }
  if (offset - at >= pageSize || readAll(source, at, offset - at).some((byte) => byte !== 0)) throw damaged()
  return { sections, ram: { offset, size } }
}

const damaged = () => unusable('its state is damaged')

function readAll(source: Source, offset: number, length: number): Buffer {
  if (offset + length > source.size) throw unusable('it was cut short')
  const bytes = source.read(offset, length)
  if (bytes.length < length) throw unusable('it was cut short')
  return Buffer.from(bytes.buffer, bytes.byteOffset, length)
}

/** Of header and table but the sum itself. */
function headSum(head: Uint8Array): Buffer {
  return createHash('sha256').update(head.subarray(0, 32)).update(head.subarray(headerBytes)).digest()
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
