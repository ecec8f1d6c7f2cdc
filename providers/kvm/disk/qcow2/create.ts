import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { PosadaError } from '../../../../src/errors/index.ts'
import { HostFile } from '../host-file.ts'
import { damaged, headerBytes, magic, parseHeader, roundUp, writeU64 } from './header.ts'

const clusterBits = 16
const clusterSize = 2 ** clusterBits
/** Clusters of the refcount table: 1 covers 16 TiB of file. */
const refcountTableClusters = 1
/** Header extension that names the format of the base (qcow2.rst, "Header extensions"). */
const backingFormatExtension = 0xe2792aca

export interface NewOverlay {
  /** Bytes the guest sees, a multiple of 512. */
  readonly size: number
  readonly base?: { readonly path: string; readonly format: 'raw' | 'qcow2' }
}

/**
 * Makes an empty qcow2 image (version 3, clusters of 64 KiB), at once or not at all: a temporary file
 * beside `path`, flushed and renamed. An image that is there already is replaced.
 */
export function createOverlay(path: string, overlay: NewOverlay): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const fd = openSync(temporary, 'w', 0o600)
    try {
      writeAll(fd, emptyImage(path, overlay))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/**
 * Makes a closed image larger for the guest; does nothing when it has the size already. The L1 table must
 * fit the clusters it has: up to 4 TiB with clusters of 64 KiB.
 */
export function growOverlay(path: string, size: number): void {
  const file = new HostFile(path, { readOnly: false })
  try {
    const start = Buffer.alloc(clusterSize)
    file.read(0, [start])
    const header = parseHeader(start, path, file.size)
    if (size === header.size) return
    if (size < header.size) {
      throw new PosadaError(
        'E_DISK_SHRINK',
        `${path} holds ${header.size} bytes and cannot shrink to ${size}`,
        {
          value: String(size),
          hint: 'give the disk at least its present size, or destroy the machine and make it anew',
        },
      )
    }
    const cluster = 2 ** header.clusterBits
    const l1Size = l1Entries(size, cluster)
    const room = roundUp(header.l1Size * 8, cluster) / 8
    if (l1Size > room) throw damaged(path, `its L1 table has no room to grow to ${size} bytes`)
    const added = Buffer.alloc((l1Size - header.l1Size) * 8)
    if (added.length > 0) file.write(header.l1Offset + header.l1Size * 8, [added])
    file.sync()
    writeU64(start, size, 24)
    start.writeUInt32BE(l1Size, 36)
    // Within one sector, so it is changed whole or not at all.
    file.write(0, [start.subarray(0, headerBytes)])
    file.sync()
  } finally {
    file.close()
  }
}

/** The first clusters in order: header, refcount table, refcount block, L1 table. */
function emptyImage(path: string, { size, base }: NewOverlay): Buffer {
  if (!Number.isSafeInteger(size) || size <= 0 || size % 512 !== 0)
    throw damaged(path, `a size of ${size} bytes`)
  const l1Size = l1Entries(size, clusterSize)
  const l1Clusters = Math.ceil((l1Size * 8) / clusterSize)
  const clusters = 2 + refcountTableClusters + l1Clusters
  const image = Buffer.alloc(clusters * clusterSize)
  image.writeUInt32BE(magic, 0)
  image.writeUInt32BE(3, 4)
  image.writeUInt32BE(clusterBits, 20)
  writeU64(image, size, 24)
  image.writeUInt32BE(l1Size, 36)
  writeU64(image, (2 + refcountTableClusters) * clusterSize, 40)
  writeU64(image, clusterSize, 48)
  image.writeUInt32BE(refcountTableClusters, 56)
  image.writeUInt32BE(4, 96)
  image.writeUInt32BE(headerBytes, 100)
  if (base !== undefined) {
    image.writeUInt32BE(backingFormatExtension, headerBytes)
    image.writeUInt32BE(base.format.length, headerBytes + 4)
    image.write(base.format, headerBytes + 8, 'latin1')
    const name = Buffer.from(base.path)
    if (name.length > 1023) throw damaged(path, 'the path of its base is longer than 1023 bytes')
    // After the extension, padded to 8 bytes, and the end of extensions, 8 bytes of zero.
    const at = headerBytes + 8 + 8 + 8
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

function l1Entries(size: number, cluster: number): number {
  return Math.ceil(size / (cluster * (cluster / 8)))
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}
