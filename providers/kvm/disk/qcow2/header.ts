import { PosadaError } from '../../../../src/errors/index.ts'

/**
 * The header of a qcow2 image: QEMU, docs/interop/qcow2.rst, "Header". All numbers in the file are
 * big-endian; 64-bit ones are read into doubles, and every bound below is far under 2^53.
 */
export interface Qcow2Header {
  readonly version: 2 | 3
  readonly clusterBits: number
  /** Bytes the guest sees. */
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
  /** The refcounts may be wrong: the last writer ended without tidying up. */
  readonly dirty: boolean
  /** Some writer found it damaged. */
  readonly corrupt: boolean
  /** Some feature is in use that a writer must know, such as persistent bitmaps. */
  readonly autoclear: boolean
}

export const magic = 0x514649fb
export const headerBytes = 104

const incompatible = { dirty: 1, corrupt: 2, externalData: 4, compression: 8, extendedL2: 16 } as const
/** QEMU's own limits (block/qcow2.h): 32 MiB of L1 table, 8 MiB of refcount table, 1023 bytes of name. */
const limits = { l1Entries: 2 ** 22, refcountTableBytes: 2 ** 23, backingName: 1023 } as const
/** The largest disk: 1 PiB. */
const largestSize = 2 ** 50

export function u64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)
}

export function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  bytes.writeUInt32BE(value % 2 ** 32, offset + 4)
}

/** Reads and checks a header; `bytes` is the start of the file, at least one smallest cluster of it if there is that much. */
export function parseHeader(bytes: Buffer, path: string, fileSize: number): Qcow2Header {
  const refuse = (problem: string): never => {
    throw damaged(path, problem)
  }
  if (bytes.length < 72 || bytes.readUInt32BE(0) !== magic) return refuse('it is no qcow2 image')
  const version = bytes.readUInt32BE(4)
  if (version !== 2 && version !== 3) return refuse(`qcow2 version ${version} is not supported`)
  if (version === 3 && bytes.length < headerBytes) return refuse('its header is cut short')
  const clusterBits = bytes.readUInt32BE(20)
  if (clusterBits < 9 || clusterBits > 21) return refuse(`clusters of 2^${clusterBits} bytes`)
  const clusterSize = 2 ** clusterBits
  if (bytes.readUInt32BE(32) !== 0) return refuse('encrypted images are not supported')

  const features = version === 3 ? bytes.readUInt32BE(76) : 0
  const unknown = version === 3 && (bytes.readUInt32BE(72) !== 0 || features > 31)
  if (unknown) return refuse('it needs features that are not known')
  if (features & incompatible.externalData) return refuse('its data lies in another file')
  if (features & incompatible.extendedL2) return refuse('extended L2 entries are not supported')
  if (features & incompatible.compression) return refuse('it is compressed otherwise than with zlib')
  const refcountOrder = version === 3 ? bytes.readUInt32BE(96) : 4
  if (refcountOrder > 6) return refuse(`refcounts of 2^${refcountOrder} bits`)

  const size = u64(bytes, 24)
  if (size > largestSize || size % 512 !== 0) return refuse(`a size of ${size} bytes`)
  const l1Size = bytes.readUInt32BE(36)
  if (l1Size > limits.l1Entries) return refuse(`an L1 table of ${l1Size} entries`)
  if (l1Size * (clusterSize / 8) * clusterSize < size) return refuse('its L1 table is too small for its size')
  const inside = (offset: number, length: number, what: string) => {
    if (
      offset % clusterSize !== 0 ||
      offset < clusterSize ||
      offset + length > roundUp(fileSize, clusterSize)
    ) {
      refuse(`its ${what} is not inside the file`)
    }
    return offset
  }
  const refcountTableClusters = bytes.readUInt32BE(56)
  const tableBytes = refcountTableClusters * clusterSize
  if (tableBytes > limits.refcountTableBytes || tableBytes === 0)
    return refuse('a refcount table of no fit size')

  return {
    version,
    clusterBits,
    size,
    l1Size,
    l1Offset: l1Size === 0 ? 0 : inside(u64(bytes, 40), l1Size * 8, 'L1 table'),
    refcountTableOffset: inside(u64(bytes, 48), tableBytes, 'refcount table'),
    refcountTableClusters,
    refcountOrder,
    snapshots: bytes.readUInt32BE(60),
    backingName: backingName(bytes, refuse),
    dirty: (features & incompatible.dirty) !== 0,
    corrupt: (features & incompatible.corrupt) !== 0,
    autoclear: version === 3 && u64(bytes, 88) !== 0,
  }
}

export function damaged(path: string, problem: string): PosadaError {
  return new PosadaError('E_DISK_INVALID', `${path} cannot be used: ${problem}`, {
    value: path,
    hint: `look at it with: qemu-img check '${path}'`,
  })
}

function backingName(bytes: Buffer, refuse: (problem: string) => never): string | null {
  const offset = u64(bytes, 8)
  const length = bytes.readUInt32BE(16)
  if (offset === 0) return null
  const fits = length > 0 && length <= limits.backingName && offset + length <= bytes.length
  return fits ? bytes.toString('utf8', offset, offset + length) : refuse('the name of its base is malformed')
}

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
