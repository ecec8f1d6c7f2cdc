import { copyIn, cut, lengthOf } from '../../memory/pieces.ts'
import { type Disk, DiskFault } from '../disk.ts'
import type { HostFile } from '../host-file.ts'
import { CompressedClusters } from './compressed.ts'
import type { Qcow2Header } from './header.ts'
import type { Entry } from './l2-entry.ts'
import { Mapping } from './mapping.ts'

/** A qcow2 image for reading. */
export class Qcow2Reader implements Disk {
  readonly readOnly = true
  readonly needsFlush = false
  readonly file: HostFile
  readonly header: Qcow2Header
  readonly mapping: Mapping
  readonly base: Disk | null
  readonly clusterSize: number
  readonly #compressed: CompressedClusters

  constructor(file: HostFile, header: Qcow2Header, base: Disk | null) {
    this.file = file
    this.header = header
    this.base = base
    this.clusterSize = 2 ** header.clusterBits
    this.mapping = new Mapping(file, header)
    this.#compressed = new CompressedClusters(file, this.clusterSize)
  }

  get size(): number {
    return this.header.size
  }

  read(offset: number, pieces: readonly Uint8Array[]): void {
    const total = lengthOf(pieces)
    for (let done = 0; done < total; ) {
      const at = offset + done
      const entry = this.mapping.lookup(Math.floor(at / this.clusterSize))
      const length = this.#run(at, entry, total - done)
      const into = cut(pieces, done, length)
      if (into === null) throw new Error('a run longer than the request')
      this.#readRun(at, entry, into)
      done += length
    }
  }

  /** Bytes from `at` on, at most `most`, that one call can read. `entry` is of the first cluster. */
  #run(at: number, entry: Entry, most: number): number {
    const cluster = Math.floor(at / this.clusterSize)
    let length = this.clusterSize - (at % this.clusterSize)
    for (let next = 1; length < most; next += 1) {
      const other = this.mapping.lookup(cluster + next)
      if (!follows(entry, other, next * this.clusterSize)) break
      length += this.clusterSize
    }
    return Math.min(length, most)
  }

  #readRun(at: number, entry: Entry, into: readonly Uint8Array[]): void {
    const within = at % this.clusterSize
    switch (entry.kind) {
      case 'absent':
        readBase(this.base, at, into)
        break
      case 'zero':
        for (const piece of into) piece.fill(0)
        break
      case 'data':
        // The file may end within its last cluster: what was never written there reads as zero.
        this.file.read(entry.offset + within, into)
        break
      case 'compressed':
        copyIn(into, 0, this.#compressed.read(entry.offset, entry.length).subarray(within))
        break
    }
  }

  write(): void {
    throw new DiskFault('the image is open for reading only')
  }
  discard(): void {
    throw new DiskFault('the image is open for reading only')
  }
  writeZeroes(): void {
    throw new DiskFault('the image is open for reading only')
  }
  flush(): void {
    // Nothing was written.
  }
  async flushAway(): Promise<void> {
    // Nothing was written.
  }

  close(): void {
    this.file.close()
    this.base?.close()
  }
}

function follows(entry: Entry, other: Entry, distance: number): boolean {
  if (entry.kind === 'data') return other.kind === 'data' && other.offset === entry.offset + distance
  return entry.kind === other.kind && entry.kind !== 'compressed'
}

/** Reads what the base has; zeros past its end, or without one. */
function readBase(base: Disk | null, at: number, into: readonly Uint8Array[]): void {
  const total = lengthOf(into)
  const there = base === null ? 0 : Math.min(Math.max(base.size - at, 0), total)
  if (there > 0) base?.read(at, cut(into, 0, there) ?? [])
  for (const piece of cut(into, there, total - there) ?? []) piece.fill(0)
}
