import { powerPort } from '../memory/layout.ts'
import { buildTable, tableHeaderSize } from './table.ts'

/** What the guest writes to the power port to restart the machine. */
export const resetValue = 1

/** Flags (ACPI 6.4, table 5.10). */
const RESET_REG_SUP = 1 << 10
const HW_REDUCED_ACPI = 1 << 20
/** IA-PC boot architecture flags (table 5.11). */
const VGA_NOT_PRESENT = 1 << 2
const CMOS_RTC_NOT_PRESENT = 1 << 5

/**
 * Fixed ACPI description table, version 6.4 (§5.2.9): a machine without the fixed hardware of old PCs, with
 * one port for reset and sleep.
 */
export function buildFadt(dsdt: number): Uint8Array {
  const body = Buffer.alloc(276 - tableHeaderSize)
  const at = (offset: number) => offset - tableHeaderSize
  body.writeUInt16LE(VGA_NOT_PRESENT | CMOS_RTC_NOT_PRESENT, at(109))
  body.writeUInt32LE(RESET_REG_SUP | HW_REDUCED_ACPI, at(112))
  putPort(body, at(116), powerPort.base)
  body.writeUInt8(resetValue, at(128))
  body.writeUInt8(4, at(131)) // minor version
  body.writeBigUInt64LE(BigInt(dsdt), at(140))
  putPort(body, at(244), powerPort.base) // SLEEP_CONTROL_REG
  putPort(body, at(256), powerPort.base + 1) // SLEEP_STATUS_REG
  body.write('POSADA', at(268), 8, 'latin1') // hypervisor vendor
  return buildTable('FACP', 6, body)
}

/** Generic address structure of one port of 8 bits (§5.2.3.2). */
function putPort(body: Buffer, at: number, port: number): void {
  body.writeUInt8(1, at) // system I/O space
  body.writeUInt8(8, at + 1) // bits
  body.writeUInt8(1, at + 3) // access by bytes
  body.writeBigUInt64LE(BigInt(port), at + 4)
}
