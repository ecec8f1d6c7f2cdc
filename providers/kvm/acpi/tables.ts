import { randomFillSync } from 'node:crypto'
import type { GuestMemory } from '../memory/guest-memory.ts'
import { acpiTables, generationId, rsdp } from '../memory/layout.ts'
import { littleEndian } from './aml.ts'
import { buildDsdt } from './dsdt.ts'
import { buildFadt } from './fadt.ts'
import { buildMadt } from './madt.ts'
import { buildTable, checksum } from './table.ts'

/** A table and where it lies in guest memory. */
export interface PlacedTable {
  address: number
  bytes: Uint8Array
}

/** All tables of a machine; the last is the RSDP, which leads to the others. Pure. */
export function layOutTables(cpus: number): PlacedTable[] {
  const placed: PlacedTable[] = []
  let next = acpiTables
  const place = (bytes: Uint8Array): number => {
    const address = next
    placed.push({ address, bytes })
    next = Math.ceil((address + bytes.length) / 16) * 16
    if (next > rsdp)
      throw new Error(`the ACPI tables of ${cpus} processors do not fit below 0x${rsdp.toString(16)}`)
    return address
  }
  const dsdt = place(buildDsdt())
  const fadt = place(buildFadt(dsdt))
  const madt = place(buildMadt(cpus))
  const xsdt = place(buildXsdt([fadt, madt]))
  return [...placed, { address: rsdp, bytes: buildRsdp(xsdt) }]
}

export function writeTables(memory: GuestMemory, cpus: number): void {
  for (const { address, bytes } of layOutTables(cpus)) memory.slice(address, bytes.length)?.set(bytes)
}

/** Makes the machine another than the one that its guest knows: what it has taken for random is so no longer. */
export function renewGeneration(memory: GuestMemory): void {
  memory.slice(generationId, 16)?.set(randomFillSync(new Uint8Array(16)))
}

/** Extended system description table (ACPI 6.4, §5.2.8). */
function buildXsdt(tables: readonly number[]): Uint8Array {
  return buildTable('XSDT', 1, Uint8Array.from(tables.flatMap((address) => littleEndian(address, 8))))
}

/** Root system description pointer, revision 2 (§5.2.5.3). */
function buildRsdp(xsdt: number): Uint8Array {
  const table = Buffer.alloc(36)
  table.write('RSD PTR ', 0, 8, 'latin1')
  table.write('POSADA', 9, 6, 'latin1')
  table.writeUInt8(2, 15)
  table.writeUInt32LE(table.length, 20)
  table.writeBigUInt64LE(BigInt(xsdt), 24)
  table[8] = checksum(table.subarray(0, 20))
  table[32] = checksum(table)
  return new Uint8Array(table)
}
