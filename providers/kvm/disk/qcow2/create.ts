import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { PosadaError } from '../../../../src/errors/index.ts'
import { type EmptyQcow2, emptyQcow2, l1Entries } from '../../../../src/lib/disk/qcow2-empty.ts'
import { HostFile } from '../host-file.ts'
import { damaged, headerBytes, parseHeader, roundUp, writeU64 } from './header.ts'

/** Bytes of an image that a header is read from. */
const headerRegion = 65_536

/**
 * Makes an empty qcow2 image (version 3, clusters of 64 KiB), at once or not at all: a temporary file
 * beside `path`, flushed and renamed. An image that is there already is replaced.
 */
export function createOverlay(path: string, overlay: EmptyQcow2): void {
  const image = emptyQcow2(overlay)
  if (typeof image === 'string') throw damaged(path, image)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const fd = openSync(temporary, 'w', 0o600)
    try {
      writeAll(fd, image)
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
    const start = Buffer.alloc(headerRegion)
    file.read(0, [start])
    const header = parseHeader(start, path, file.size)
    if (size === header.size) return
    if (size < header.size) {
      throw new PosadaError(
        'E_DISK_SHRINK',
        `${path} has ${header.size} bytes and cannot be shrunk to ${size}`,
        {
          value: String(size),
          hint: 'give the disk at least its present size, or destroy the machine and create it again',
        },
      )
    }
    const cluster = 2 ** header.clusterBits
    // One that is larger than it need be stays so.
    const l1Size = Math.max(l1Entries(size, cluster), header.l1Size)
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

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}
