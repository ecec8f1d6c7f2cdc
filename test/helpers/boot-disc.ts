import { makeIso } from '../../src/lib/iso9660/make-iso.ts'
import { assembled } from './boot-sector.ts'

const block = 2048
/** Where the boot record has to lie: El Torito 1.0, "The Boot Record Volume Descriptor". Joliet's descriptor goes for it. */
const recordAt = 17

/**
 * A disc that a PC boots from: it writes `sector` to the first sector of the PC's first disk, and starts the PC again.
 */
export function bootDisc(sector: Uint8Array): Buffer {
  const files = makeIso(new Map([['readme.txt', Buffer.from('an installer\n')]]), {
    label: 'INSTALL',
    time: new Date(0),
  })
  const catalogueAt = files.length / block
  const record = Buffer.alloc(block)
  record.write('\0CD001\x01EL TORITO SPECIFICATION', 'latin1')
  record.writeUInt32LE(catalogueAt, 0x47)
  files.set(record, recordAt * block)
  const image = Buffer.alloc(block)
  image.set(assembled(code))
  image.set(sector, 512)
  return Buffer.concat([files, catalogue(catalogueAt + 1), image])
}

/** El Torito 1.0, "Validation Entry" and "Initial/Default Entry": no emulation, four sectors. */
function catalogue(imageAt: number): Buffer {
  const bytes = Buffer.alloc(block)
  bytes[0] = 1
  bytes.writeUInt16LE(0xaa55, 30)
  bytes.writeUInt16LE(-(1 + 0xaa55) & 0xffff, 28)
  bytes[32] = 0x88
  bytes.writeUInt16LE(4, 38)
  bytes.writeUInt32LE(imageAt, 40)
  return bytes
}

/** Loaded at 0x7c00. */
const code = [
  'fa 31c0 8ed8 8ec0 8ed0 bc007c fb', // segments are 0, the stack is below
  'b80103 b90100 ba8000 bb007e cd13', // write one sector from 0x7e00 to the first of disk 0x80
  'b0fe e664', // the keyboard controller resets
  'f4 ebfd', // hlt, for ever
]
