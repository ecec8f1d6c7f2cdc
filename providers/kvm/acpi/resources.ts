import { type Aml, buffer, littleEndian } from './aml.ts'

/** Resource descriptors for `_CRS` (ACPI 6.4, §6.4), as bytes without a wrapper. */
export function resourceTemplate(...descriptors: Aml[]): Aml {
  // End tag; its checksum 0 means that there is none (§6.4.2.9).
  return buffer([...descriptors.flat(), 0x79, 0])
}

/** A fixed range of ports, 16 bits decoded (§6.4.2.5). */
export function ports(base: number, size: number): Aml {
  return [0x47, 1, ...littleEndian(base, 2), ...littleEndian(base, 2), 1, size]
}

/** An edge-triggered, active-high interrupt of its own (§6.4.3.6). */
export function interrupt(gsi: number): Aml {
  const consumerAndEdge = 3
  return [0x89, ...littleEndian(6, 2), consumerAndEdge, 1, ...littleEndian(gsi, 4)]
}

/** Ends are fixed, addresses are decoded positively, and the range is passed on to others. */
const producedFixed = 0x0c

/** Bus numbers that a bridge passes on (§6.4.3.5.3). */
export function busRange(first: number, last: number): Aml {
  return wordRange({ type: 2, typeFlags: 0 }, first, last)
}

/** Ports that a bridge passes on (§6.4.3.5.3); 3 is the whole range, ISA or not. */
export function portRange(base: number, size: number): Aml {
  return wordRange({ type: 1, typeFlags: 3 }, base, base + size - 1)
}

/** Memory that a bridge passes on, not cached, writable (§6.4.3.5.2). */
export function memoryRange(base: number, size: number): Aml {
  const fields = [0, base, base + size - 1, 0, size].flatMap((value) => littleEndian(value, 4))
  return [0x87, ...littleEndian(3 + fields.length, 2), 0, producedFixed, 1, ...fields]
}

function wordRange(
  { type, typeFlags }: { type: number; typeFlags: number },
  first: number,
  last: number,
): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => littleEndian(value, 2))
  return [0x88, ...littleEndian(3 + fields.length, 2), type, producedFixed, typeFlags, ...fields]
}
