/** Bytes of a logical block, which here is also the sector's. ECMA-119 (4th edition), section 7.1.2. */
export const blockSize = 2048

export function blocksOf(bytes: number): number {
  return Math.ceil(bytes / blockSize)
}

/** A 32-bit number in both byte orders, little-endian first. ECMA-119, section 8.3.3. */
export function both32(value: number): Buffer {
  const field = Buffer.alloc(8)
  field.writeUInt32LE(value, 0)
  field.writeUInt32BE(value, 4)
  return field
}

/** A 16-bit number in both byte orders. ECMA-119, section 8.2.3. */
export function both16(value: number): Buffer {
  const field = Buffer.alloc(4)
  field.writeUInt16LE(value, 0)
  field.writeUInt16BE(value, 2)
  return field
}

/** Names of the two directory hierarchies: ASCII, and UCS-2 in big-endian order for Joliet. */
export interface Charset {
  encode(text: string): Buffer
  joliet: boolean
}

export const ascii: Charset = { encode: (text) => Buffer.from(text, 'latin1'), joliet: false }
export const ucs2: Charset = { encode: (text) => Buffer.from(text, 'utf16le').swap16(), joliet: true }

/** A text field of fixed length, filled up with spaces. ECMA-119, section 8.4. */
export function padded(text: string, length: number, charset: Charset): Buffer {
  const field = Buffer.alloc(length)
  const room = charset.joliet ? Math.floor(length / 2) : length
  charset.encode(text.padEnd(room)).copy(field)
  return field
}

/** Seven bytes in UTC, of a directory record. ECMA-119, section 10.1.6. */
export function shortTime(time: Date): Buffer {
  return Buffer.from([
    time.getUTCFullYear() - 1900,
    time.getUTCMonth() + 1,
    time.getUTCDate(),
    time.getUTCHours(),
    time.getUTCMinutes(),
    time.getUTCSeconds(),
    0,
  ])
}

/** Sixteen digits and a zone, of a volume descriptor. ECMA-119, section 9.4.27.2. */
export function longTime(time: Date | null): Buffer {
  const digits =
    time === null
      ? '0'.repeat(16)
      : `${time
          .toISOString()
          .replace(/[^0-9]/g, '')
          .slice(0, 14)}00`
  return Buffer.concat([Buffer.from(digits, 'latin1'), Buffer.alloc(1)])
}
