/**
 * A boot sector for a PC that writes a text to its first serial port and then stands still, whatever is asked of it, or
 * switches the PC off.
 */
export function bootSector(text: string, then: 'stand still' | 'power off' = 'stand still'): Uint8Array {
  const sector = Buffer.alloc(512)
  sector.set(assembled([...code, ...(then === 'power off' ? powerOff : []), ...halt]))
  sector.write(`${text}\0`, message, 'ascii')
  sector.writeUInt16LE(0xaa55, 510)
  return sector
}

const message = 0x40
/** Loaded at 0x7c00; the serial port's data register is 0x3f8, its line status 0x3fd, bit 5 of it: there is room. */
const code = [
  'fa 31c0 8ed8', // cli; ds = 0
  'be 407c', // si = message
  'ac 84c0 7412', // next: al = *si++; at its end: stand still
  '88c4 bafd03', // ah = al; dx = 0x3fd
  'ec a820 74fb', // wait until there is room
  '88e0 baf803 ee', // al = ah; write it to 0x3f8
  'ebe9', // next
]
/** SLP_EN in PM1a_CNT, which SeaBIOS puts there: ACPI 6.5, 4.8.3.2.1. */
const powerOff = ['ba0406 b80020 ef']
const halt = ['f4 ebfd'] // for ever

/** Of instructions as hexadecimal digits. */
export function assembled(instructions: readonly string[]): Buffer {
  return Buffer.from(instructions.join('').replaceAll(' ', ''), 'hex')
}
