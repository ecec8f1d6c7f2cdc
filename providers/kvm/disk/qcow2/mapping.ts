import { entryOffset } from '../../../../src/lib/disk/qcow2-entry.ts'
import { DiskFault } from '../disk.ts'
import type { HostFile } from '../host-file.ts'
import type { Qcow2Header } from './header.ts'
import { absent, copied, type Entry, readEntry, type WrittenEntry, writeEntry, writeOwn } from './l2-entry.ts'
import { nextNonZero } from './zeroes.ts'

interface Table {
  readonly offset: number
  readonly entries: Buffer
  dirty: boolean
}

/** L2 tables kept in memory: 64 of 64 KiB map 32 GiB. */
const tablesKept = 64

/**
 * From clusters of the guest to places in the file, by the L1 and L2 tables. Changes stay in memory until
 * `writeTables` and `writeL1`.
 */
export class Mapping {
  readonly #file: HostFile
  readonly #header: Qcow2Header
  readonly #clusterSize: number
  readonly #perTable: number
  readonly #l1: Buffer
  readonly #tables = new Map<number, Table>()
  #dirtyTables = 0
  #l1Dirty = false
  /** Where the file ends, as far as entries may tell: what they name must begin before it. */
  #end: number

  constructor(file: HostFile, header: Qcow2Header) {
    this.#file = file
    this.#header = header
    this.#clusterSize = 2 ** header.clusterBits
    this.#perTable = this.#clusterSize / 8
    this.#l1 = Buffer.alloc(header.l1Size * 8)
    if (this.#l1.length > 0) file.read(header.l1Offset, [this.#l1])
    this.#end = file.size
  }

  get dirtyTables(): number {
    return this.#dirtyTables
  }
  get l1Dirty(): boolean {
    return this.#l1Dirty
  }
  /** Entries of one L2 table. */
  get perTable(): number {
    return this.#perTable
  }

  /** @throws DiskFault for an entry that leads behind the end of the file, as one of 2^53 and more does */
  lookup(cluster: number): Entry {
    const table = this.#table(Math.floor(cluster / this.#perTable))
    if (table === null) return absent
    const at = (cluster % this.#perTable) * 8
    const entry = readEntry(table.entries, at, this.#header)
    if (entry.kind !== 'absent' && entry.offset >= this.#end) throw behindEnd(`cluster ${cluster}`)
    return entry
  }

  /** Calls `visit` for each cluster of an L2 table that the file has something for. */
  forEach(l1Index: number, visit: (entry: Exclude<Entry, { kind: 'absent' }>) => void): void {
    const table = this.#table(l1Index)
    if (table === null) return
    const { entries } = table
    for (let at = nextNonZero(entries, 0); at < entries.length; at = nextNonZero(entries, at + 8)) {
      at -= at % 8
      const entry = readEntry(entries, at, this.#header)
      if (entry.kind !== 'absent') visit(entry)
    }
  }

  /** The place of an L2 table, and whether the file has it for itself; null when there is none. */
  tablePlace(l1Index: number): { offset: number; inPlace: boolean } | null {
    const high = this.#l1.readUInt32BE(l1Index * 8)
    const low = this.#l1.readUInt32BE(l1Index * 8 + 4)
    const offset = entryOffset(high, low)
    return offset === 0 ? null : { offset, inPlace: high >= copied }
  }

  /** Gives an L1 entry a table of its own at `offset`, with the entries it had before or none. */
  placeTable(l1Index: number, offset: number): void {
    const old = this.#table(l1Index)
    if (old?.dirty) this.#dirtyTables -= 1
    const entries = old?.entries ?? Buffer.alloc(this.#clusterSize)
    this.#tables.set(l1Index, { offset, entries, dirty: true })
    this.#dirtyTables += 1
    this.#reach(offset)
    writeOwn(this.#l1, offset, l1Index * 8)
    this.#l1Dirty = true
  }

  /** Changes an entry; its table must have been placed or be the file's own. */
  set(cluster: number, entry: WrittenEntry): void {
    const table = this.#table(Math.floor(cluster / this.#perTable))
    if (table === null) throw new DiskFault(`cluster ${cluster} has no L2 table`)
    const at = (cluster % this.#perTable) * 8
    writeEntry(table.entries, at, entry)
    if (entry.kind !== 'absent') this.#reach(entry.offset)
    if (!table.dirty) this.#dirtyTables += 1
    table.dirty = true
  }

  writeTables(): void {
    for (const table of this.#tables.values()) {
      if (!table.dirty) continue
      this.#file.write(table.offset, [table.entries])
      table.dirty = false
    }
    this.#dirtyTables = 0
  }

  writeL1(): void {
    this.#file.write(this.#header.l1Offset, [this.#l1])
    this.#l1Dirty = false
  }

  #table(l1Index: number): Table | null {
    const known = this.#tables.get(l1Index)
    if (known !== undefined) return known
    const place = l1Index < this.#header.l1Size ? this.tablePlace(l1Index) : null
    if (place === null) return null
    if (place.offset % this.#clusterSize !== 0) throw new DiskFault(`L2 table ${l1Index} is not aligned`)
    if (place.offset + this.#clusterSize > this.#end) throw behindEnd(`L2 table ${l1Index}`)
    const entries = Buffer.alloc(this.#clusterSize)
    this.#file.read(place.offset, [entries])
    if (this.#tables.size >= tablesKept) this.#forgetOne()
    const table = { offset: place.offset, entries, dirty: false }
    this.#tables.set(l1Index, table)
    return table
  }

  /** The table read longest ago that has no unwritten changes; the dirty ones are bounded by the disk's commits. */
  #forgetOne(): void {
    for (const [index, table] of this.#tables) {
      if (table.dirty) continue
      this.#tables.delete(index)
      return
    }
  }

  /** The file grows as far as this cluster once it is written. */
  #reach(offset: number): void {
    this.#end = Math.max(this.#end, offset + this.#clusterSize)
  }
}

function behindEnd(what: string): DiskFault {
  return new DiskFault(`${what} is outside the file: the image is cut short or damaged`)
}
