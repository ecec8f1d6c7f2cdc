/** Bytes of the header that all tables but the RSDP begin with (ACPI 6.4, §5.2.6). */
export const tableHeaderSize = 36

const oem = 'POSADA'
const oemTable = 'POSADAVM'
const creator = 'PSDA'

/** A table: header, body, checksum. */
export function buildTable(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const table = Buffer.alloc(tableHeaderSize + body.length)
  table.write(signature, 0, 4, 'latin1')
  table.writeUInt32LE(table.length, 4)
  table.writeUInt8(revision, 8)
  table.write(oem, 10, 6, 'latin1')
  table.write(oemTable, 16, 8, 'latin1')
  table.writeUInt32LE(1, 24) // OEM revision
  table.write(creator, 28, 4, 'latin1')
  table.writeUInt32LE(1, 32) // creator revision
  table.set(body, tableHeaderSize)
  table[9] = checksum(table)
  return new Uint8Array(table)
}

/** The byte that, added, makes the sum of all bytes zero. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff
}
