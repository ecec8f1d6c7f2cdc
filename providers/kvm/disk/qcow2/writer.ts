import { cut, lengthOf } from '../../virtio/queue/pieces.ts'
import type { Disk } from '../disk.ts'
import type { Entry } from './mapping.ts'
import type { Qcow2Reader } from './reader.ts'
import { Refcounts } from './refcounts.ts'

/** L2 tables changed in memory before they are written without the guest's asking: 2 MiB of 64 KiB each. */
const dirtyTablesAllowed = 32

/**
 * A qcow2 image for writing.
 *
 * New data goes to clusters that nothing on disk refers to, and the tables that lead to it are written by
 * `flush`, in an order that leaves a sound image wherever it is cut off, by SIGKILL or by loss of power:
 * counts and data, then the refcount table, then L2 tables, then L1, each on stable storage before the
 * next. What was given up becomes free, and can be written over, only after that. So the worst that is left
 * behind is a cluster counted and not used, which the next opening frees.
 */
export class Qcow2Writer implements Disk {
  readonly readOnly = false
  readonly refcounts: Refcounts
  readonly #image: Qcow2Reader
  readonly #clusterSize: number
  /** Clusters that what is on disk may still refer to. */
  #givenUp: number[] = []
  /** After one failure the host has dropped what was to be written (fsync(2), Linux): no later success counts. */
  #lost: unknown = null

  constructor(image: Qcow2Reader) {
    this.#image = image
    this.#clusterSize = image.clusterSize
    this.refcounts = new Refcounts(image.file, image.header)
  }

  get size(): number {
    return this.#image.size
  }

  read(offset: number, pieces: readonly Uint8Array[]): void {
    this.#image.read(offset, pieces)
  }

  write(offset: number, pieces: readonly Uint8Array[]): void {
    const total = lengthOf(pieces)
    for (let done = 0; done < total; ) {
      const at = offset + done
      const cluster = Math.floor(at / this.#clusterSize)
      const within = at - cluster * this.#clusterSize
      const entry = this.#image.mapping.lookup(cluster)
      const inPlace = entry.kind === 'data' && entry.inPlace
      const count = Math.ceil((within + total - done) / this.#clusterSize)
      done += inPlace
        ? this.#overwrite(entry.offset, cluster, within, cut(pieces, done, total - done) ?? [])
        : this.#writeNew(cluster, this.#countNotInPlace(cluster, count), within, pieces, done, total)
    }
    if (this.#image.mapping.dirtyTables > dirtyTablesAllowed) this.flush()
  }

  discard(offset: number, length: number): void {
    const { first, end } = this.#wholeClusters(offset, length)
    for (let cluster = first; cluster < end; cluster += 1) {
      const entry = this.#image.mapping.lookup(cluster)
      if (entry.kind === 'data' || entry.kind === 'compressed') this.#makeZero(cluster, entry)
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
      const reads = entry.kind === 'zero' || (entry.kind === 'absent' && this.#beyondBase(cluster))
      if (reads) continue
      if (keep && entry.kind === 'data' && entry.inPlace) {
        this.#writeLiteralZeroes(cluster * this.#clusterSize, this.#lengthOfCluster(cluster))
      } else {
        this.#makeZero(cluster, entry)
      }
    }
    const stop = Math.min(end * this.#clusterSize, this.size)
    this.#writeLiteralZeroes(stop, offset + length - stop)
    if (this.#image.mapping.dirtyTables > dirtyTablesAllowed) this.flush()
  }

  flush(): void {
    const steps = this.#flushSteps()
    while (!steps.next().done) this.#noteLoss(() => this.#image.file.sync())
  }

  async flushAway(): Promise<void> {
    const steps = this.#flushSteps()
    while (!steps.next().done) {
      try {
        await this.#image.file.syncAway()
      } catch (error) {
        this.#lost = error
        throw error
      }
    }
  }

  /** Writes what is due, and stops where it must be on stable storage before more is written. */
  *#flushSteps(): Generator<void> {
    const { mapping } = this.#image
    if (this.#lost !== null) throw this.#lost
    this.refcounts.writeBlocks()
    yield
    if (this.refcounts.tableDirty) {
      this.refcounts.writeTable()
      yield
    }
    if (mapping.dirtyTables > 0) {
      mapping.writeTables()
      yield
    }
    if (mapping.l1Dirty) {
      mapping.writeL1()
      yield
    }
    this.#freeGivenUp()
  }

  close(): void {
    try {
      this.flush()
    } finally {
      this.#image.close()
    }
  }

  #noteLoss(sync: () => void): void {
    try {
      sync()
    } catch (error) {
      this.#lost = error
      throw error
    }
  }

  /** Writes as far as the clusters lie side by side in the file; returns the bytes that were. */
  #overwrite(place: number, cluster: number, within: number, pieces: readonly Uint8Array[]): number {
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

  /** Writes up to `count` clusters to new places, with what the first and last had around the request. */
  #writeNew(
    cluster: number,
    count: number,
    within: number,
    pieces: readonly Uint8Array[],
    done: number,
    total: number,
  ): number {
    for (let index = 0; index < count; index += 1) this.#ownTable(cluster + index)
    const run = this.refcounts.allocate(count)
    const length = Math.min(run.count * this.#clusterSize - within, total - done)
    try {
      const start = cluster * this.#clusterSize
      const parts = cut(pieces, done, length) ?? []
      if (within > 0) parts.unshift(this.#old(start, within))
      const tail = run.count * this.#clusterSize - within - length
      if (tail > 0) parts.push(this.#old(start + within + length, tail))
      this.#image.file.write(run.first * this.#clusterSize, parts)
    } catch (error) {
      for (let index = 0; index < run.count; index += 1) this.refcounts.set(run.first + index, 0)
      throw error
    }
    for (let index = 0; index < run.count; index += 1) {
      this.#giveUp(this.#image.mapping.lookup(cluster + index))
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
    this.#giveUp(entry)
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
    if (place !== null) this.#givenUp.push(place.offset / this.#clusterSize)
  }

  #giveUp(entry: Entry): void {
    if (entry.kind === 'absent' || (entry.kind === 'zero' && entry.offset === 0)) return
    const length = entry.kind === 'compressed' ? entry.length : this.#clusterSize
    const last = Math.floor((entry.offset + length - 1) / this.#clusterSize)
    for (let cluster = Math.floor(entry.offset / this.#clusterSize); cluster <= last; cluster += 1) {
      this.#givenUp.push(cluster)
    }
  }

  /** Nothing on disk refers to these any more: their space goes back to the host. */
  #freeGivenUp(): void {
    if (this.#givenUp.length === 0) return
    const clusters = this.#givenUp.sort((a, b) => a - b)
    this.#givenUp = []
    let start = -1
    let end = -1
    const punch = () => {
      if (end > start) this.#image.file.punch(start * this.#clusterSize, (end - start) * this.#clusterSize)
    }
    for (const cluster of clusters) {
      const left = this.refcounts.get(cluster) - 1
      this.refcounts.set(cluster, left)
      if (left > 0) continue
      if (cluster !== end) {
        punch()
        start = cluster
      }
      end = cluster + 1
    }
    punch()
    this.refcounts.writeBlocks()
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

  #lengthOfCluster(cluster: number): number {
    return Math.min(this.#clusterSize, this.size - cluster * this.#clusterSize)
  }

  #writeLiteralZeroes(offset: number, length: number): void {
    if (length > 0) this.write(offset, [new Uint8Array(length)])
  }
}
