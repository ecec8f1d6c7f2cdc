/** A member of a tar archive. Source: POSIX.1-2017, pax, "ustar Interchange Format". */
export interface TarHeader {
  name: string
  size: number
  kind: 'file' | 'folder'
}

export const tarBlock = 512

/**
 * Reads one 512-byte header. `null`: the block of zeros that ends an archive. A string says why the
 * member is refused: only ordinary files with plain names, and the folder that they lie in, belong
 * into a box, so every other kind (links, devices, long names, extensions) is refused, not skipped.
 */
export function readTarHeader(block: Uint8Array): TarHeader | null | string {
  if (block.every((byte) => byte === 0)) return null
  const bytes = Buffer.from(block.buffer, block.byteOffset, tarBlock)
  if (bytes.toString('latin1', 257, 262) !== 'ustar') return 'it is not a tar archive (no ustar header)'
  if (octal(bytes, 148, 8) !== checksum(bytes)) return 'a header of the archive is damaged (checksum)'
  const name =
    text(bytes, 345, 155) === '' ? text(bytes, 0, 100) : `${text(bytes, 345, 155)}/${text(bytes, 0, 100)}`
  const shown = JSON.stringify(name)
  const size = sizeOf(bytes)
  if (size === null) return `the size of ${shown} cannot be read`
  const type = String.fromCharCode(bytes[156] ?? 0)
  if (type === '5')
    return isFolderItself(name) ? { name: '.', size: 0, kind: 'folder' } : `${shown} is a folder`
  if (type !== '0' && type !== '\0')
    return `${shown} is ${kinds[type] ?? `of a kind that is not allowed (${JSON.stringify(type)})`}`
  const plain = name.startsWith('./') ? name.slice(2) : name
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(plain)) return `${shown} is not a plain file name`
  return { name: plain, size, kind: 'file' }
}

const kinds: Record<string, string> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a named pipe',
  L: 'a long name, which no file of a box has',
  K: 'a link with a long name',
  S: 'a sparse file; make the archive without --sparse',
  x: 'an extended header; make the archive with --format=ustar or --format=gnu',
  g: 'an extended header; make the archive with --format=ustar or --format=gnu',
}

function isFolderItself(name: string): boolean {
  return name === './' || name === '.'
}

function text(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return field.toString('latin1', 0, end < 0 ? length : end)
}

function octal(bytes: Buffer, start: number, length: number): number | null {
  const digits = text(bytes, start, length).trim()
  return /^[0-7]{1,12}$/.test(digits) ? Number.parseInt(digits, 8) : null
}

/** Octal, or, over 8 GiB, GNU's big-endian number after a byte 0x80. */
function sizeOf(bytes: Buffer): number | null {
  if (bytes[124] !== 0x80) return octal(bytes, 124, 12)
  const size = bytes.readBigUInt64BE(128)
  const isSmall = bytes.readUIntBE(125, 3) === 0 && size <= BigInt(Number.MAX_SAFE_INTEGER)
  return isSmall ? Number(size) : null
}

/** The sum of all bytes, those of the checksum itself counted as spaces. */
function checksum(bytes: Buffer): number {
  let sum = 0
  for (let index = 0; index < tarBlock; index++) sum += index >= 148 && index < 156 ? 32 : (bytes[index] ?? 0)
  return sum
}
