import { DiskFault } from '../disk.ts'
import type { HostFile } from '../host-file.ts'
import { type Qcow2Header, u64, writeU64 } from './header.ts'
import { nextNonZero } from './zeroes.ts'

interface Block {
  readonly offset: number
  readonly counts: Buffer
  dirty: boolean
}

/**
 * How often each cluster of the file is referenced (qcow2.rst, "Host cluster management"), for images with
 * refcounts of 16 bits. Changes stay in memory until `writeBlocks` and `writeTable`; the caller decides on
 * the order of writes and flushes.
 */
export class Refcounts {
  readonly #file: HostFile
  readonly #clusterSize: number
  readonly #perBlock: number
  readonly #table: Buffer
  readonly #tableOffset: number
  readonly #blocks = new Map<number, Block>()
  #tableDirty = false
  /** No cluster before this one is free. */
  #hint = 0

  constructor(file: HostFile, header: Qcow2Header) {
    this.#file = file
    this.#clusterSize = 2 ** header.clusterBits
    this.#perBlock = this.#clusterSize / 2
    this.#tableOffset = header.refcountTableOffset
    this.#table = Buffer.alloc(header.refcountTableClusters * this.#clusterSize)
    file.read(this.#tableOffset, [this.#table])
  }

  get tableDirty(): boolean {
    return this.#tableDirty
  }
  /** Clusters a file may have with this refcount table. */
  get capacity(): number {
    return (this.#table.length / 8) * this.#perBlock
  }
  /** Offsets of the refcount blocks there are, with the first cluster each counts. */
  blockOffsets(): { offset: number; first: number }[] {
    const found: { offset: number; first: number }[] = []
    for (let at = 0; ; at += 8) {
      at = nextNonZero(this.#table, at)
      if (at === this.#table.length) return found
      at -= at % 8
      found.push({ offset: u64(this.#table, at), first: (at / 8) * this.#perBlock })
    }
  }
  get perBlock(): number {
    return this.#perBlock
  }

  get(cluster: number): number {
    const block = this.#block(Math.floor(cluster / this.#perBlock))
    return block === null ? 0 : block.counts.readUInt16BE((cluster % this.#perBlock) * 2)
  }

  /** The first cluster of at least `from` and below `end` that is counted; all of one block. `end` where there is none. */
  nextCounted(from: number, end: number): number {
    const index = Math.floor(from / this.#perBlock)
    const counts = this.#block(index)?.counts
    if (counts === undefined) return end
    const first = index * this.#perBlock
    // Two counts to the 4 bytes that are looked at.
    const start = from - first
    if (start % 2 === 1 && counts.readUInt16BE(start * 2) !== 0) return from
    const found = nextNonZero(counts, Math.ceil(start / 2) * 4, (end - first) * 2)
    const cluster = first + found / 2
    return cluster < end && this.get(cluster) === 0 ? cluster + 1 : cluster
  }

  /** The cluster's block must be there. */
  set(cluster: number, count: number): void {
    const block = this.#block(Math.floor(cluster / this.#perBlock))
    if (block === null) throw new DiskFault(`cluster ${cluster} has no refcount block`)
    block.counts.writeUInt16BE(count, (cluster % this.#perBlock) * 2)
    block.dirty = true
    if (count === 0) this.#hint = Math.min(this.#hint, cluster)
  }

  /** Takes up to `wanted` free clusters that lie side by side, with a count of 1; at least one. */
  allocate(wanted: number): { first: number; count: number } {
    let first = this.#hint
    while (!this.#free(first)) first += 1
    let count = 1
    while (count < wanted && this.#free(first + count)) count += 1
    for (let index = 0; index < count; index += 1) this.set(first + index, 1)
    this.#hint = first + count
    return { first, count }
  }

  writeBlocks(): void {
    for (const block of this.#blocks.values()) {
      if (!block.dirty) continue
      this.#file.write(block.offset, [block.counts])
      block.dirty = false
    }
  }

  writeTable(): void {
    this.#file.write(this.#tableOffset, [this.#table])
    this.#tableDirty = false
  }

  /** Whether a cluster is free; makes its block when there is none yet. */
  #free(cluster: number): boolean {
    const index = Math.floor(cluster / this.#perBlock)
    if (this.#block(index) === null) this.#addBlock(index)
    return this.get(cluster) === 0
  }

  #block(index: number): Block | null {
    const known = this.#blocks.get(index)
    if (known !== undefined) return known
    if (index * 8 >= this.#table.length) return null
    const offset = u64(this.#table, index * 8)
    if (offset === 0) return null
    const counts = Buffer.alloc(this.#clusterSize)
    this.#file.read(offset, [counts])
    const block = { offset, counts, dirty: false }
    this.#blocks.set(index, block)
    return block
  }

  /** A new block counts itself: it takes the first cluster of those it is for, which cannot be in use yet. */
  #addBlock(index: number): void {
    if (index * 8 >= this.#table.length) throw new DiskFault('the refcount table of the image is full')
    const cluster = index * this.#perBlock
    const offset = cluster * this.#clusterSize
    const block = { offset, counts: Buffer.alloc(this.#clusterSize), dirty: true }
    block.counts.writeUInt16BE(1, 0)
    this.#blocks.set(index, block)
    writeU64(this.#table, offset, index * 8)
    this.#tableDirty = true
  }
}
