import type { HostFile } from '../host-file.ts'
import type { Entry } from './l2-entry.ts'
import type { Refcounts } from './refcounts.ts'

/** Clusters that nothing in memory refers to any more, and what is on disk may: they keep their count until it does not. */
export class GivenUp {
  readonly #clusterSize: number
  #clusters: number[] = []

  constructor(clusterSize: number) {
    this.#clusterSize = clusterSize
  }

  /** Bytes of the file that they hold. */
  get bytes(): number {
    return this.#clusters.length * this.#clusterSize
  }

  /** The cluster at `offset` of the file. */
  add(offset: number): void {
    this.#clusters.push(offset / this.#clusterSize)
  }

  /** All that an entry of a table led to. */
  addEntry(entry: Entry): void {
    if (entry.kind === 'absent' || (entry.kind === 'zero' && entry.offset === 0)) return
    const length = entry.kind === 'compressed' ? entry.length : this.#clusterSize
    const last = Math.floor((entry.offset + length - 1) / this.#clusterSize)
    for (let cluster = Math.floor(entry.offset / this.#clusterSize); cluster <= last; cluster += 1) {
      this.#clusters.push(cluster)
    }
  }

  /** Once nothing on disk refers to them: takes their counts down and gives their space back to the host. */
  free(refcounts: Refcounts, file: HostFile): void {
    if (this.#clusters.length === 0) return
    const clusters = this.#clusters.sort((a, b) => a - b)
    this.#clusters = []
    let start = -1
    let end = -1
    const punch = () => {
      if (end > start) file.punch(start * this.#clusterSize, (end - start) * this.#clusterSize)
    }
    for (const cluster of clusters) {
      const left = refcounts.get(cluster) - 1
      refcounts.set(cluster, left)
      if (left > 0) continue
      if (cluster !== end) {
        punch()
        start = cluster
      }
      end = cluster + 1
    }
    punch()
    refcounts.writeBlocks()
  }
}
