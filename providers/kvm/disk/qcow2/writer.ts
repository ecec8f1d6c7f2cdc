import { cut, lengthOf } from '../../memory/pieces.ts'
import type { Disk } from '../disk.ts'
import { Commit } from './commit.ts'
import { GivenUp } from './given-up.ts'
import type { Entry } from './l2-entry.ts'
import type { Qcow2Reader } from './reader.ts'
import { Refcounts } from './refcounts.ts'

/** L2 tables changed in memory before they are written without the guest's asking: 2 MiB of 64 KiB each. */
const dirtyTablesAllowed = 32
/** Bytes of clusters given up before a flush frees them: what a guest that never flushes can make the file grow by. */
const givenUpAllowed = 32 * 2 ** 20

/**
 * A qcow2 image for writing. New data goes to clusters that nothing on disk refers to; the tables that lead to it are
 * changed in memory and written by `flush` (commit.ts).
 */
export class Qcow2Writer implements Disk {
  readonly readOnly = false
  readonly refcounts: Refcounts
  readonly #image: Qcow2Reader
  readonly #clusterSize: number
  readonly #givenUp: GivenUp
  readonly #commit: Commit

  constructor(image: Qcow2Reader) {
    this.#image = image
    this.#clusterSize = image.clusterSize
    this.refcounts = new Refcounts(image.file, image.header)
    this.#givenUp = new GivenUp(image.clusterSize)
    const { file, mapping } = image
    this.#commit = new Commit({ file, mapping, refcounts: this.refcounts, givenUp: this.#givenUp })
  }

  get size(): number {
    return this.#image.size
  }

  get needsFlush(): boolean {
    return this.#givenUp.bytes >= givenUpAllowed
  }

  read(offset: number, pieces: readonly Uint8Array[]): void {
    this.#image.read(offset, pieces)
  }

  write(offset: number, pieces: readonly Uint8Array[]): void {
    const total = lengthOf(pieces)
    for (let done = 0; done < total; ) {
      const at = offset + done
      const rest = cut(pieces, done, total - done) ?? []
      const entry = this.#image.mapping.lookup(Math.floor(at / this.#clusterSize))
      const inPlace = entry.kind === 'data' && entry.inPlace
      done += inPlace ? this.#overwrite(at, entry.offset, rest) : this.#writeNew(at, rest)
    }
    if (this.#image.mapping.dirtyTables > dirtyTablesAllowed) this.flush()
  }

  discard(offset: number, length: number): void {
    const { first, end } = this.#wholeClusters(offset, length)
    for (let cluster = first; cluster < end; cluster += 1) {
      const entry = this.#image.mapping.lookup(cluster)
      if (entry.kind !== 'absent' && entry.offset !== 0) this.#makeZero(cluster, entry)
    }
    if (this.#image.mapping.dirtyTables > dirtyTablesAllowed) this.flush()
  }

  writeZeroes(offset: number, length: number, keep: boolean): void {
    const { first, end } = this.#wholeClusters(offset, length)
    if (first >= end) {
      this.#writeLiteralZeroes(offset, length)
      return
    }
    const start = first * this.#clusterSize
    this.#writeLiteralZeroes(offset, start - offset)
    for (let cluster = first; cluster < end; cluster += 1) {
      const entry = this.#image.mapping.lookup(cluster)
      const holds = entry.kind !== 'absent' && entry.offset !== 0
      if (this.#readsZero(cluster, entry) && (keep || !holds)) continue
      if (keep && entry.kind === 'data' && entry.inPlace) {
        this.#ownTable(cluster)
        this.#image.mapping.set(cluster, { kind: 'zero', offset: entry.offset })
      } else {
        this.#makeZero(cluster, entry)
      }
    }
    const stop = Math.min(end * this.#clusterSize, this.size)
    this.#writeLiteralZeroes(stop, offset + length - stop)
    if (this.#image.mapping.dirtyTables > dirtyTablesAllowed) this.flush()
  }

  flush(): void {
    this.#commit.run()
  }

  flushAway(): Promise<void> {
    return this.#commit.runAway()
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.#image.close()
    }
  }

  /** Writes as far as the clusters lie side by side in the file, the first of them at `place`; returns the bytes that were. */
  #overwrite(at: number, place: number, pieces: readonly Uint8Array[]): number {
    const cluster = Math.floor(at / this.#clusterSize)
    const within = at % this.#clusterSize
    const most = lengthOf(pieces)
    let length = this.#clusterSize - within
    for (let next = 1; length < most; next += 1) {
      const other = this.#image.mapping.lookup(cluster + next)
      const follows =
        other.kind === 'data' && other.inPlace && other.offset === place + next * this.#clusterSize
      if (!follows) break
      length += this.#clusterSize
    }
    length = Math.min(length, most)
    this.#image.file.write(place + within, cut(pieces, 0, length) ?? [])
    return length
  }

  #countNotInPlace(cluster: number, most: number): number {
    let count = 1
    for (; count < most; count += 1) {
      const entry = this.#image.mapping.lookup(cluster + count)
      if (entry.kind === 'data' && entry.inPlace) break
    }
    return count
  }

  /** Writes clusters to new places, with what the first and last had around the request; returns the bytes that were. */
  #writeNew(at: number, pieces: readonly Uint8Array[]): number {
    const cluster = Math.floor(at / this.#clusterSize)
    const within = at % this.#clusterSize
    const total = lengthOf(pieces)
    const count = this.#countNotInPlace(cluster, Math.ceil((within + total) / this.#clusterSize))
    for (let index = 0; index < count; index += 1) this.#ownTable(cluster + index)
    const run = this.refcounts.allocate(count)
    const length = Math.min(run.count * this.#clusterSize - within, total)
    try {
      const start = cluster * this.#clusterSize
      const parts = cut(pieces, 0, length) ?? []
      if (within > 0) parts.unshift(this.#old(start, within))
      const tail = run.count * this.#clusterSize - within - length
      if (tail > 0) parts.push(this.#old(start + within + length, tail))
      this.#image.file.write(run.first * this.#clusterSize, parts)
    } catch (error) {
      for (let index = 0; index < run.count; index += 1) this.refcounts.set(run.first + index, 0)
      throw error
    }
    for (let index = 0; index < run.count; index += 1) {
      this.#givenUp.addEntry(this.#image.mapping.lookup(cluster + index))
      const offset = (run.first + index) * this.#clusterSize
      this.#image.mapping.set(cluster + index, { kind: 'data', offset, inPlace: true })
    }
    return length
  }

  #old(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const there = Math.min(length, Math.max(this.size - offset, 0))
    if (there > 0) this.#image.read(offset, [bytes.subarray(0, there)])
    return bytes
  }

  #makeZero(cluster: number, entry: Entry): void {
    this.#ownTable(cluster)
    this.#givenUp.addEntry(entry)
    this.#image.mapping.set(
      cluster,
      this.#beyondBase(cluster) ? { kind: 'absent' } : { kind: 'zero', offset: 0 },
    )
  }

  /** Makes sure that the L2 table of a cluster is there and the file's own to change. */
  #ownTable(cluster: number): void {
    const { mapping } = this.#image
    const l1Index = Math.floor(cluster / mapping.perTable)
    const place = mapping.tablePlace(l1Index)
    if (place?.inPlace) return
    mapping.placeTable(l1Index, this.refcounts.allocate(1).first * this.#clusterSize)
    if (place !== null) this.#givenUp.add(place.offset)
  }

  #wholeClusters(offset: number, length: number): { first: number; end: number } {
    const stop = offset + length
    // The last cluster may be shorter than the others.
    const end =
      stop === this.size ? Math.ceil(stop / this.#clusterSize) : Math.floor(stop / this.#clusterSize)
    return { first: Math.ceil(offset / this.#clusterSize), end }
  }

  #beyondBase(cluster: number): boolean {
    return (this.#image.base?.size ?? 0) <= cluster * this.#clusterSize
  }

  #readsZero(cluster: number, entry: Entry): boolean {
    return entry.kind === 'zero' || (entry.kind === 'absent' && this.#beyondBase(cluster))
  }

  /** Within one cluster, or two that are next to each other. */
  #writeLiteralZeroes(offset: number, length: number): void {
    if (length > 0) this.write(offset, [new Uint8Array(length)])
  }
}
