/**
 * The header of a qcow2 image, read and bounded. Whether an image may be used is for the caller to say:
 * what a feature bit means is told here, and nothing is opened. All numbers in the file are
 * big-endian; 64-bit ones are read into doubles, and every bound below is far under 2^53.
 * Source: QEMU, docs/interop/qcow2.rst, "Header" and "Header extensions".
 */
export interface Qcow2Header {
  readonly version: 2 | 3
  readonly clusterBits: number
  /** Bytes the guest sees, a multiple of 512. */
  readonly size: number
  /** Entries of the active L1 table. */
  readonly l1Size: number
  readonly l1Offset: number
  readonly refcountTableOffset: number
  readonly refcountTableClusters: number
  /** A refcount takes `2 ^ refcountOrder` bits. */
  readonly refcountOrder: number
  readonly snapshots: number
  /** Name of the base as written into the file: a claim, never opened on its word. */
  readonly backingName: string | null
  readonly encrypted: boolean
  /** Incompatible feature bits: a reader that does not know one must not open the image. */
  readonly features: {
    /** The refcounts may be wrong: the last writer ended without tidying up. */
    readonly dirty: boolean
    /** Some writer found it damaged. */
    readonly corrupt: boolean
    /** The guest's data lies in another file. */
    readonly externalData: boolean
    /** Compressed clusters may be packed otherwise than with zlib. */
    readonly compression: boolean
    readonly extendedL2: boolean
    readonly unknown: boolean
  }
  /** Some feature is in use that a writer must know, such as persistent bitmaps. */
  readonly autoclear: boolean
  /** Types of the header extensions, as they stand; of those within the first `bytes`. */
  readonly extensions: readonly number[]
}

export const qcow2Magic = 0x514649fb
/** Bytes of a header of version 3 without optional fields. */
export const qcow2HeaderBytes = 104
/** Names the file that an image with external data has it in. */
export const externalDataExtension = 0x44415441

/** QEMU's own limits (block/qcow2.h): 32 MiB of L1 table, 8 MiB of refcount table, 1023 bytes of name. */
const limits = { l1Entries: 2 ** 22, refcountTableBytes: 2 ** 23, backingName: 1023 } as const
/** The largest disk: 1 PiB. */
const largestSize = 2 ** 50

/**
 * Reads a header; `bytes` is the start of the file, at least one smallest cluster of it if there is
 * that much. A string says why it cannot be one, and goes on after `it cannot be used:`.
 */
export function readQcow2Header(bytes: Buffer, fileSize: number): Qcow2Header | string {
  if (bytes.length < 72 || bytes.readUInt32BE(0) !== qcow2Magic) return 'it is not a qcow2 image'
  const version = bytes.readUInt32BE(4)
  if (version !== 2 && version !== 3) return `qcow2 version ${version} is not supported`
  if (version === 3 && bytes.length < qcow2HeaderBytes) return 'its header is cut short'
  const clusterBits = bytes.readUInt32BE(20)
  if (clusterBits < 9 || clusterBits > 21) return `clusters of 2^${clusterBits} bytes`
  const clusterSize = 2 ** clusterBits
  const refcountOrder = version === 3 ? bytes.readUInt32BE(96) : 4
  if (refcountOrder > 6) return `refcounts of 2^${refcountOrder} bits`

  const size = u64(bytes, 24)
  if (size > largestSize || size % 512 !== 0) return `a size of ${size} bytes`
  const l1Size = bytes.readUInt32BE(36)
  if (l1Size > limits.l1Entries) return `an L1 table of ${l1Size} entries`
  if (l1Size * (clusterSize / 8) * clusterSize < size) return 'its L1 table is too small for its size'
  const refcountTableClusters = bytes.readUInt32BE(56)
  const tableBytes = refcountTableClusters * clusterSize
  if (tableBytes > limits.refcountTableBytes || tableBytes === 0)
    return 'the size of its refcount table is out of bounds'
  const l1Offset = l1Size === 0 ? 0 : u64(bytes, 40)
  const refcountTableOffset = u64(bytes, 48)
  const isInside = (offset: number, length: number) =>
    offset % clusterSize === 0 && offset >= clusterSize && offset + length <= fileSize
  if (l1Size > 0 && !isInside(l1Offset, l1Size * 8)) return 'its L1 table is not inside the file'
  if (!isInside(refcountTableOffset, tableBytes)) return 'its refcount table is not inside the file'
  const backing = backingName(bytes)
  if (backing === undefined) return 'the name of its base is malformed'
  const extensions = extensionTypes(bytes, version === 3 ? bytes.readUInt32BE(100) : 72)
  if (extensions === null) return 'its header extensions are malformed'

  return {
    version,
    clusterBits,
    size,
    l1Size,
    l1Offset,
    refcountTableOffset,
    refcountTableClusters,
    refcountOrder,
    snapshots: bytes.readUInt32BE(60),
    backingName: backing,
    encrypted: bytes.readUInt32BE(32) !== 0,
    features: features(bytes, version),
    autoclear: version === 3 && u64(bytes, 88) !== 0,
    extensions,
  }
}

/** A big-endian 64-bit number as a double. */
export function u64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)
}

/** Writes what `u64` reads. */
export function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  bytes.writeUInt32BE(value % 2 ** 32, offset + 4)
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}

function features(bytes: Buffer, version: 2 | 3): Qcow2Header['features'] {
  const bits = version === 3 ? bytes.readUInt32BE(76) : 0
  return {
    dirty: (bits & 1) !== 0,
    corrupt: (bits & 2) !== 0,
    externalData: (bits & 4) !== 0,
    compression: (bits & 8) !== 0,
    extendedL2: (bits & 16) !== 0,
    unknown: version === 3 && (bytes.readUInt32BE(72) !== 0 || bits > 31),
  }
}

/** undefined: there is one that cannot be read. */
function backingName(bytes: Buffer): string | null | undefined {
  const offset = u64(bytes, 8)
  const length = bytes.readUInt32BE(16)
  if (offset === 0) return null
  const fits = length > 0 && length <= limits.backingName && offset + length <= bytes.length
  return fits ? bytes.toString('utf8', offset, offset + length) : undefined
}

/** Each is a type, a length, and content padded to 8 bytes; type 0 ends them. null where they do not end in order. */
function extensionTypes(bytes: Buffer, headerLength: number): number[] | null {
  if (headerLength < 72 || headerLength % 8 !== 0) return null
  const types: number[] = []
  for (let at = headerLength; at + 8 <= bytes.length; ) {
    const type = bytes.readUInt32BE(at)
    if (type === 0) break
    types.push(type)
    at += 8 + roundUp(bytes.readUInt32BE(at + 4), 8)
  }
  return types
}
