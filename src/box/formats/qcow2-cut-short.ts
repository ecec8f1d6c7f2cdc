import type { FileHandle } from 'node:fs/promises'
import { compressedFlag, compressedPlace, entryOffset } from '../../lib/disk/qcow2-entry.ts'
import { type Qcow2Header, u64 } from '../../lib/disk/qcow2-header.ts'

/**
 * Says what an image's tables name that is behind the end of its file, as when a download was cut short, or null. The
 * last cluster of data may be there in part, for hypervisors end files so. Goes on after `it cannot be used:`.
 * Source: QEMU, docs/interop/qcow2.rst, "Host cluster management" and "Cluster mapping".
 */
export async function qcow2CutShort(
  file: FileHandle,
  header: Qcow2Header,
  fileSize: number,
): Promise<string | null> {
  const { clusterBits, refcountTableOffset, refcountTableClusters, l1Offset, l1Size, features } = header
  const clusterSize = 2 ** clusterBits
  const outside = (what: string) => `${what} is outside the file, which is cut short or damaged`

  const blocks = await read(file, refcountTableOffset, refcountTableClusters * clusterSize)
  for (let at = 0; at < blocks.length; at += 8) {
    const offset = u64(blocks, at)
    if (offset !== 0 && offset + clusterSize > fileSize) return outside(`refcount block ${at / 8}`)
  }

  const l1 = await read(file, l1Offset, l1Size * 8)
  const seen = new Set<number>()
  for (let index = 0; index < l1Size; index += 1) {
    const offset = entryOffset(l1.readUInt32BE(index * 8), l1.readUInt32BE(index * 8 + 4))
    if (offset === 0) continue
    if (offset + clusterSize > fileSize) return outside(`L2 table ${index}`)
    // No place is read twice, so that the size of the file bounds the work.
    if (seen.has(offset)) return `L2 table ${index} is also another one`
    seen.add(offset)
    const table = await read(file, offset, clusterSize)
    const entryBytes = features.extendedL2 ? 16 : 8
    for (let at = 0; at < clusterSize; at += entryBytes) {
      const [high, low] = [table.readUInt32BE(at), table.readUInt32BE(at + 4)]
      const isCompressed = (high & compressedFlag) !== 0
      const start = isCompressed ? compressedPlace(high, low, clusterBits).offset : entryOffset(high, low)
      if (start >= fileSize) return outside(`cluster ${(index * clusterSize + at) / entryBytes}`)
    }
  }
  return null
}

async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  for (let got = 0; got < length; ) {
    const { bytesRead } = await file.read(bytes, got, length - got, offset + got)
    if (bytesRead === 0) break
    got += bytesRead
  }
  return bytes
}
