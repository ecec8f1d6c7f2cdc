/** One header of a tar archive. Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format". */
export interface TarHeader {
  /** As it stands in the archive: any bytes but NUL, read as Latin-1. */
  name: string
  /** Bytes of content that follow, before padding. */
  size: number
  /** Of a link, as the name is. */
  target: string
  /** Permission bits, set-user-id and the like. */
  mode: number
  /** Seconds since 1970. */
  time: number
  /** The type flag; `0` for an ordinary file, whichever way it is written. */
  type: string
  /** The whole block, for what single types keep in it. */
  block: Buffer
}

export const tarBlock = 512

/** Reads one 512-byte header. `null`: a block of zeros, which ends an archive. A string says what is wrong with it. */
export function readTarHeader(block: Uint8Array): TarHeader | null | string {
  if (block.every((byte) => byte === 0)) return null
  const bytes = Buffer.from(block.buffer, block.byteOffset, tarBlock)
  const magic = bytes.toString('latin1', 257, 263)
  if (!magic.startsWith('ustar')) return 'it is not a tar archive (no ustar header)'
  if (tarNumber(bytes, 148, 8) !== checksum(bytes)) return 'a header of the archive is damaged (checksum)'
  // GNU's own form has other fields in the prefix's place.
  const prefix = magic === 'ustar ' ? '' : text(bytes, 345, 155)
  const name = prefix === '' ? text(bytes, 0, 100) : `${prefix}/${text(bytes, 0, 100)}`
  const size = tarNumber(bytes, 124, 12)
  if (size === null) return `the size of ${JSON.stringify(name)} cannot be read`
  const type = String.fromCharCode(bytes[156] ?? 0)
  return {
    name,
    size,
    target: text(bytes, 157, 100),
    mode: (tarNumber(bytes, 100, 8) ?? 0) & 0o7777,
    time: tarNumber(bytes, 136, 12) ?? 0,
    type: type === '\0' || type === '7' ? '0' : type,
    block: bytes,
  }
}

/** What a type flag means, for messages; null for an ordinary file, a sparse one, and a folder. */
export function oddKind(type: string): string | null {
  if (type === '0' || type === 'S' || type === '5') return null
  return kinds[type] ?? `of an unknown type (${JSON.stringify(type)})`
}

const kinds: Record<string, string> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a named pipe',
}

/** Octal digits, or, for what is larger, GNU's big-endian number after a byte 0x80. null: neither. */
export function tarNumber(bytes: Buffer, at: number, length: number): number | null {
  if (bytes[at] === 0x80) {
    const digits = bytes.subarray(at + 1, at + length)
    const small = digits.subarray(-7)
    const isSmall = digits.subarray(0, -7).every((byte) => byte === 0)
    const value = small.reduce((sum, byte) => sum * 256 + byte, 0)
    return isSmall && Number.isSafeInteger(value) ? value : null
  }
  const digits = text(bytes, at, length).trim()
  return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : null
}

function text(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('latin1', 0, end < 0 ? length : end)
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let index = 0; index < tarBlock; index++) sum += index >= 148 && index < 156 ? 32 : (bytes[index] ?? 0)
  return sum
}
