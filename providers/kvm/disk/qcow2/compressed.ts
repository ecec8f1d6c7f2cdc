import { constants, inflateRawSync } from 'node:zlib'
import { DiskFault } from '../disk.ts'
import type { HostFile } from '../host-file.ts'

/** Clusters kept inflated: a guest reads the pieces of one in turn. */
const kept = 16

/** Reads compressed clusters (qcow2.rst, "Compressed Clusters Descriptor"; raw deflate, window of 4 KiB). */
export class CompressedClusters {
  readonly #file: HostFile
  readonly #clusterSize: number
  readonly #inflated = new Map<number, Buffer>()

  constructor(file: HostFile, clusterSize: number) {
    this.#file = file
    this.#clusterSize = clusterSize
  }

  /** The cluster's bytes; not to be changed. `length` is what the descriptor says, at most two clusters. */
  read(offset: number, length: number): Buffer {
    const known = this.#inflated.get(offset)
    if (known !== undefined) return known
    const packed = Buffer.alloc(length)
    this.#file.read(offset, [packed])
    const bytes = this.#inflate(packed, offset)
    if (this.#inflated.size >= kept) {
      const oldest = this.#inflated.keys().next()
      if (!oldest.done) this.#inflated.delete(oldest.value)
    }
    this.#inflated.set(offset, bytes)
    return bytes
  }

  #inflate(packed: Buffer, offset: number): Buffer {
    let bytes: Buffer
    try {
      // The descriptor counts whole sectors, so other clusters' bytes follow the end of the stream.
      const options = { maxOutputLength: this.#clusterSize, finishFlush: constants.Z_SYNC_FLUSH }
      bytes = inflateRawSync(packed, options)
    } catch (error) {
      throw new DiskFault(`the compressed cluster at ${offset} is damaged`, { cause: error })
    }
    if (bytes.length === this.#clusterSize) return bytes
    throw new DiskFault(`the compressed cluster at ${offset} holds ${bytes.length} bytes`)
  }
}
