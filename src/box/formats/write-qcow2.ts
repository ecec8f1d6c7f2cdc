import { type FileHandle, open } from 'node:fs/promises'
import { qcow2HeaderBytes, qcow2Magic } from '../../lib/disk/qcow2-header.ts'
import { isZero } from '../archive/hash-zeros.ts'

const clusterBits = 16
const clusterSize = 2 ** clusterBits
/** Entries of an L2 table, and of a block of 16-bit refcounts. */
const l2Entries = clusterSize / 8
const refcounts = clusterSize / 2
/** The top bit of an L1 or L2 entry: its cluster belongs to this image alone. Big-endian, in the upper half. */
const copied = 0x8000_0000

/** Part of a disk, in bytes. */
export interface Extent {
  start: number
  length: number
}

export interface WritingQcow2 {
  /** A raw disk, whose size is a multiple of 512 and at most 16 TiB. */
  from: string
  /** Where it has anything but zeros, in order. */
  extents: readonly Extent[]
  /** What must not be there yet. */
  to: string
  signal: AbortSignal
}

/**
 * Makes a qcow2 image of a raw disk; clusters of zeros are left out. The same disk gives the same image to the byte, which
 * no two versions of qemu-img promise. Source: QEMU, docs/interop/qcow2.rst.
 */
export async function writeQcow2({ from, extents, to, signal }: WritingQcow2): Promise<void> {
  const raw = await open(from, 'r')
  try {
    const { size } = await raw.stat()
    const used = await usedClusters(raw, extents, signal)
    const image = await open(to, 'wx', 0o600)
    try {
      await writeImage(image, { raw, size, used, signal })
    } finally {
      await image.close()
    }
  } finally {
    await raw.close()
  }
}

/** The numbers of the clusters that are not all zeros, in order. */
async function usedClusters(
  raw: FileHandle,
  extents: readonly Extent[],
  signal: AbortSignal,
): Promise<number[]> {
  const used: number[] = []
  const buffer = Buffer.allocUnsafeSlow(64 * clusterSize)
  let next = 0
  for (const { start, length } of extents)
    for (let offset = Math.max(next, start - (start % clusterSize)); offset < start + length; offset = next) {
      signal.throwIfAborted()
      const bytes = await readAt(raw, buffer, offset)
      for (let at = 0; at < bytes.length; at += clusterSize)
        if (!isZero(bytes.subarray(at, at + clusterSize))) used.push((offset + at) / clusterSize)
      next = offset + buffer.length
    }
  return used
}

interface Writing {
  raw: FileHandle
  size: number
  used: readonly number[]
  signal: AbortSignal
}

async function writeImage(image: FileHandle, { raw, size, used, signal }: Writing): Promise<void> {
  const l1Size = Math.max(1, Math.ceil(size / clusterSize / l2Entries))
  const tables = [...new Set(used.map((cluster) => Math.floor(cluster / l2Entries)))]
  const place = layOut(Math.ceil((l1Size * 8) / clusterSize), tables.length, used.length)
  await write(image, header(size, l1Size, place), 0)
  await write(image, refcountTables(place), clusterSize)
  const l1 = Buffer.alloc(l1Size * 8)
  for (const [index, table] of tables.entries()) putEntry(l1, table, place.l2 + index)
  await write(image, l1, place.l1 * clusterSize)
  const l2s = Buffer.alloc(tables.length * clusterSize)
  const indexOf = new Map(tables.map((table, index) => [table, index]))
  for (const [index, cluster] of used.entries()) {
    const table = indexOf.get(Math.floor(cluster / l2Entries)) ?? 0
    putEntry(l2s, table * l2Entries + (cluster % l2Entries), place.data + index)
  }
  await write(image, l2s, place.l2 * clusterSize)
  const buffer = Buffer.allocUnsafeSlow(clusterSize)
  for (const [index, cluster] of used.entries()) {
    signal.throwIfAborted()
    await write(image, await readAt(raw, buffer, cluster * clusterSize), (place.data + index) * clusterSize)
  }
  await image.truncate(place.end * clusterSize)
}

/** Clusters at which each part begins. */
interface Place {
  refcountBlocks: number
  l1: number
  l2: number
  data: number
  end: number
}

/** Header, refcount table, refcount blocks, L1, L2, data. One cluster of refcount table is enough for 16 TiB. */
function layOut(l1: number, l2: number, data: number): Place {
  let refcountBlocks = 1
  while (refcountBlocks * refcounts < 2 + refcountBlocks + l1 + l2 + data) refcountBlocks++
  const l1At = 2 + refcountBlocks
  return { refcountBlocks, l1: l1At, l2: l1At + l1, data: l1At + l1 + l2, end: l1At + l1 + l2 + data }
}

function header(size: number, l1Size: number, { l1 }: Place): Buffer {
  const bytes = Buffer.alloc(qcow2HeaderBytes)
  bytes.writeUInt32BE(qcow2Magic, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeUInt32BE(clusterBits, 20)
  bytes.writeBigUInt64BE(BigInt(size), 24)
  bytes.writeUInt32BE(l1Size, 36)
  bytes.writeBigUInt64BE(BigInt(l1 * clusterSize), 40)
  bytes.writeBigUInt64BE(BigInt(clusterSize), 48)
  bytes.writeUInt32BE(1, 56)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(qcow2HeaderBytes, 100)
  return bytes
}

/** The table and its blocks, which follow it: every cluster up to the end is in use once. */
function refcountTables({ refcountBlocks, end }: Place): Buffer {
  const bytes = Buffer.alloc((1 + refcountBlocks) * clusterSize)
  for (let block = 0; block < refcountBlocks; block++)
    bytes.writeBigUInt64BE(BigInt((2 + block) * clusterSize), block * 8)
  for (let cluster = 0; cluster < end; cluster++) bytes.writeUInt16BE(1, clusterSize + cluster * 2)
  return bytes
}

function putEntry(table: Buffer, index: number, cluster: number): void {
  table.writeBigUInt64BE(BigInt(cluster * clusterSize), index * 8)
  table.writeUInt32BE((table.readUInt32BE(index * 8) | copied) >>> 0, index * 8)
}

/** As much as the buffer takes, less at the end. */
async function readAt(file: FileHandle, buffer: Buffer, offset: number): Promise<Buffer> {
  let got = 0
  while (got < buffer.length) {
    const { bytesRead } = await file.read(buffer, got, buffer.length - got, offset + got)
    if (bytesRead === 0) break
    got += bytesRead
  }
  return buffer.subarray(0, got)
}

async function write(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
}
