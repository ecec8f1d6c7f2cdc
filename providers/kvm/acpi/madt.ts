import { ioApic, localApic } from '../memory/layout.ts'
import { littleEndian } from './aml.ts'
import { buildTable } from './table.ts'

/** Interrupt controllers (ACPI 6.4, §5.2.12): a local APIC a processor, whose id is its number, and one I/O APIC. */
export function buildMadt(cpus: number): Uint8Array {
  const enabled = 1
  const processors = Array.from({ length: cpus }, (_, id) => [0, 8, id, id, ...littleEndian(enabled, 4)])
  const ioController = [1, 12, 0, 0, ...littleEndian(ioApic, 4), ...littleEndian(0, 4)]
  // NMI on LINT1 of all processors.
  const nmi = [4, 6, 0xff, 0, 0, 1]
  const flags = 0 // no PICs to be switched off
  const body = [
    ...littleEndian(localApic, 4),
    ...littleEndian(flags, 4),
    ...processors.flat(),
    ...ioController,
    ...nmi,
  ]
  return buildTable('APIC', 5, Uint8Array.from(body))
}
