import type { Disk } from '../../../disk/disk.ts'
import { copyIn, copyOut, cut } from '../../../memory/pieces.ts'
import type { Chain } from '../../queue/chain.ts'
import { blkLimits } from './config.ts'

/** Request types (virtio 1.2, §5.2.6). */
export const blkType = { read: 0, write: 1, flush: 4, getId: 8, discard: 11, writeZeroes: 13 } as const
/** Status byte of a request. */
export const blkStatus = { ok: 0, ioError: 1, unsupported: 2 } as const

const headerBytes = 16
const rangeBytes = 16
const idBytes = 20
const unmap = 1

export interface BlkTarget {
  readonly disk: Disk
  /** Serial number, at most 20 bytes. */
  readonly id: string
}

export interface Request {
  /** One of `blkType`, or anything. */
  readonly type: number
  readonly sectorLow: number
  readonly sectorHigh: number
  readonly data: Uint8Array[]
  readonly dataLength: number
  readonly room: Uint8Array[]
  readonly roomLength: number
}

/** Ends a request with a status. Returns the bytes it counts for: all, as the status is the last of them. */
export function answer(chain: Chain, status: number): number {
  copyIn(chain.writable, chain.writableLength - 1, Uint8Array.of(status))
  return chain.writableLength
}

/**
 * Reads a request (virtio 1.2, §5.2.6): a header of 16 readable bytes, data, and a status byte at the very end of what
 * is writable, however the driver cut them into buffers (§2.7.4.2). Null when there is no room for a header or a status.
 */
export function parseRequest(chain: Chain): Request | null {
  const header = copyOut(chain.readable, 0, headerBytes)
  if (header === null || chain.writableLength === 0) return null
  const view = Buffer.from(header.buffer)
  const dataLength = chain.readableLength - headerBytes
  const roomLength = chain.writableLength - 1
  return {
    type: view.readUInt32LE(0),
    sectorLow: view.readUInt32LE(8),
    sectorHigh: view.readUInt32LE(12),
    data: cut(chain.readable, headerBytes, dataLength) ?? [],
    dataLength,
    room: cut(chain.writable, 0, roomLength) ?? [],
    roomLength,
  }
}

/**
 * Does what a request asks, and says its status. A flush is left to the caller, as it takes its time.
 *
 * @throws what the disk throws
 */
export function serveRequest({ disk, id }: BlkTarget, request: Request): number {
  switch (request.type) {
    case blkType.read: {
      const offset = place(disk, request, request.roomLength)
      if (offset === null) return blkStatus.ioError
      disk.read(offset, request.room)
      return blkStatus.ok
    }
    case blkType.write: {
      const offset = place(disk, request, request.dataLength)
      if (offset === null || disk.readOnly) return blkStatus.ioError
      disk.write(offset, request.data)
      return blkStatus.ok
    }
    case blkType.getId: {
      const bytes = Buffer.alloc(idBytes)
      bytes.write(id, 'latin1')
      copyIn(request.room, 0, bytes)
      return blkStatus.ok
    }
    case blkType.discard:
    case blkType.writeZeroes:
      return ranges(disk, request)
    default:
      return blkStatus.unsupported
  }
}

/** Where a transfer of whole sectors starts, in bytes; null when it is too long or leaves the disk. */
function place(disk: Disk, { sectorLow, sectorHigh }: Request, length: number): number | null {
  if (length % 512 !== 0 || length > blkLimits.requestBytes) return null
  const offset = (sectorHigh * 2 ** 32 + sectorLow) * 512
  return offset + length <= disk.size ? offset : null
}

/** Ranges of 64-bit sector, 32-bit count, 32-bit flags (struct virtio_blk_discard_write_zeroes). */
function ranges(disk: Disk, request: Request): number {
  if (disk.readOnly) return blkStatus.ioError
  const count = request.dataLength / rangeBytes
  const list = Number.isInteger(count) && count > 0 && count <= blkLimits.ranges
  const bytes = list ? copyOut(request.data, 0, request.dataLength) : null
  if (bytes === null) return blkStatus.ioError
  const view = Buffer.from(bytes.buffer)
  for (let at = 0; at < view.length; at += rangeBytes) {
    const sectors = view.readUInt32LE(at + 8)
    const flags = view.readUInt32LE(at + 12)
    const offset = (view.readUInt32LE(at + 4) * 2 ** 32 + view.readUInt32LE(at)) * 512
    if (sectors > blkLimits.rangeSectors || offset + sectors * 512 > disk.size) return blkStatus.ioError
    // A discard says nothing of unmapping, and no flags beside it are known (§5.2.6.2).
    if (flags > unmap || (flags === unmap && request.type === blkType.discard)) {
      return blkStatus.unsupported
    }
    if (request.type === blkType.discard) disk.discard(offset, sectors * 512)
    else disk.writeZeroes(offset, sectors * 512, flags !== unmap)
  }
  return blkStatus.ok
}
