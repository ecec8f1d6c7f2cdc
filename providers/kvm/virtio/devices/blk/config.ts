import type { Disk } from '../../../disk/disk.ts'
import { featureSet } from '../../device/virtio-device.ts'

/** Feature bits (virtio 1.2, §5.2.3). */
const blkFeatures = {
  sizeMax: 1,
  segMax: 2,
  readOnly: 5,
  blkSize: 6,
  flush: 9,
  topology: 10,
  discard: 13,
  writeZeroes: 14,
} as const

/** What one request may ask, as the configuration says it and the device enforces it. */
export const blkLimits = {
  queueSize: 256,
  /** Data buffers a request: the queue without the header and the status. */
  segments: 254,
  /** Bytes of a data buffer. */
  segmentBytes: 128 * 2 ** 10,
  /** Bytes of data a request, no less than all its buffers may have. */
  requestBytes: 32 * 2 ** 20,
  /** 512-byte sectors a discard or write-zeroes segment: 128 MiB, as no request should hold the others up for long. */
  rangeSectors: 2 ** 18,
  ranges: 16,
} as const

export const blkConfigLength = 60

export function featuresOf(disk: Disk): bigint {
  const { sizeMax, segMax, readOnly, blkSize, flush, topology, discard, writeZeroes } = blkFeatures
  const always = featureSet(sizeMax, segMax, blkSize, flush, topology)
  return always | (disk.readOnly ? featureSet(readOnly) : featureSet(discard, writeZeroes))
}

/** struct virtio_blk_config (virtio 1.2, §5.2.4). */
export function blkConfig(disk: Disk): Buffer {
  const config = Buffer.alloc(blkConfigLength)
  config.writeBigUInt64LE(BigInt(disk.size / 512), 0)
  config.writeUInt32LE(blkLimits.segmentBytes, 8)
  config.writeUInt32LE(blkLimits.segments, 12)
  config.writeUInt32LE(512, 20)
  // Topology: physical blocks of 4 KiB (2^3 sectors), best written in 64 KiB (128 logical blocks).
  config.writeUInt8(3, 24)
  config.writeUInt16LE(8, 26)
  config.writeUInt32LE(128, 28)
  config.writeUInt16LE(1, 34)
  config.writeUInt32LE(blkLimits.rangeSectors, 36)
  config.writeUInt32LE(blkLimits.ranges, 40)
  config.writeUInt32LE(128, 44)
  config.writeUInt32LE(blkLimits.rangeSectors, 48)
  config.writeUInt32LE(blkLimits.ranges, 52)
  config.writeUInt8(1, 56)
  return config
}
