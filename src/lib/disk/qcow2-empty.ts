import { qcow2HeaderBytes, qcow2Magic, writeU64 } from './qcow2-header.ts'

const clusterBits = 16
const clusterSize = 2 ** clusterBits
/** Clusters of the refcount table: 1 covers 16 TiB of file. */
const refcountTableClusters = 1
/** Header extension that names the format of the base (qcow2.rst, "Header extensions"). */
const backingFormatExtension = 0xe2792aca

export interface EmptyQcow2 {
  /** Bytes the guest sees, a multiple of 512. */
  readonly size: number
  readonly base?: { readonly path: string; readonly format: 'raw' | 'qcow2' }
}

/**
 * A qcow2 image (version 3, clusters of 64 KiB) with nothing in it, over a base or over none: header, refcount
 * table, refcount block, L1 table. A string says why there can be none, and goes on after `it cannot be made:`.
 * Source: QEMU, docs/interop/qcow2.rst.
 */
export function emptyQcow2({ size, base }: EmptyQcow2): Buffer | string {
  if (!Number.isSafeInteger(size) || size <= 0 || size % 512 !== 0) return `a size of ${size} bytes`
  const name = Buffer.from(base?.path ?? '')
  if (name.length > 1023) return 'the path of its base is longer than 1023 bytes'
  const l1Size = l1Entries(size, clusterSize)
  const l1Clusters = Math.ceil((l1Size * 8) / clusterSize)
  const clusters = 2 + refcountTableClusters + l1Clusters
  const image = Buffer.alloc(clusters * clusterSize)
  image.writeUInt32BE(qcow2Magic, 0)
  image.writeUInt32BE(3, 4)
  image.writeUInt32BE(clusterBits, 20)
  writeU64(image, size, 24)
  image.writeUInt32BE(l1Size, 36)
  writeU64(image, (2 + refcountTableClusters) * clusterSize, 40)
  writeU64(image, clusterSize, 48)
  image.writeUInt32BE(refcountTableClusters, 56)
  image.writeUInt32BE(4, 96)
  image.writeUInt32BE(qcow2HeaderBytes, 100)
  if (base !== undefined) {
    image.writeUInt32BE(backingFormatExtension, qcow2HeaderBytes)
    image.writeUInt32BE(base.format.length, qcow2HeaderBytes + 4)
    image.write(base.format, qcow2HeaderBytes + 8, 'latin1')
    // After the extension, padded to 8 bytes, and the end of extensions, 8 bytes of zero.
    const at = qcow2HeaderBytes + 8 + 8 + 8
    name.copy(image, at)
    writeU64(image, at, 8)
    image.writeUInt32BE(name.length, 16)
  }
  writeU64(image, (1 + refcountTableClusters) * clusterSize, clusterSize)
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    image.writeUInt16BE(1, (1 + refcountTableClusters) * clusterSize + 2 * cluster)
  }
  return image
}

/** Entries that the L1 table of an image of this size has. */
export function l1Entries(size: number, cluster: number): number {
  return Math.ceil(size / (cluster * (cluster / 8)))
}
