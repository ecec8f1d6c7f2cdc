import { PosadaError } from '../../../../src/errors/index.ts'
import {
  type Qcow2Header,
  qcow2HeaderBytes,
  readQcow2Header,
  roundUp,
  u64,
  writeU64,
} from '../../../../src/lib/disk/qcow2-header.ts'

export { type Qcow2Header, qcow2HeaderBytes as headerBytes, roundUp, u64, writeU64 }

/** Reads a header and refuses what this engine cannot serve; see `readQcow2Header`. */
export function parseHeader(bytes: Buffer, path: string, fileSize: number): Qcow2Header {
  const header = readQcow2Header(bytes, fileSize)
  const problem = typeof header === 'string' ? header : unsupported(header)
  if (typeof header === 'string' || problem !== null) throw damaged(path, String(problem))
  return header
}

export function damaged(path: string, problem: string): PosadaError {
  return new PosadaError('E_DISK_INVALID', `${path} cannot be used: ${problem}`, {
    value: path,
    hint: `check it with: qemu-img check '${path}'`,
  })
}

function unsupported({ encrypted, features }: Qcow2Header): string | null {
  if (encrypted) return 'encrypted images are not supported'
  if (features.unknown) return 'it needs unknown features'
  if (features.externalData) return 'its data is in another file'
  if (features.extendedL2) return 'extended L2 entries are not supported'
  if (features.compression) return 'it is not compressed with zlib'
  return null
}
