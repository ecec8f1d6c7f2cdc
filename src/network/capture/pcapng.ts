/**
 * The file format that Wireshark reads. Source: draft-ietf-opsawg-pcapng. Little-endian; times are
 * microseconds, the format's default.
 */
const blockType = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const
const magic = 0x1a2b3c4d
const ethernet = 1
const inbound = 1
const option = { end: 0, name: 2, description: 3, application: 4, flags: 2, drops: 5 } as const

/** The beginning of a file: the section, and an interface for each name, numbered from 0. */
export function pcapngHeader(interfaces: readonly { name: string; description: string }[]): Buffer {
  const section = Buffer.alloc(16)
  section.writeUInt32LE(magic, 0)
  section.writeUInt16LE(1, 4)
  // How long the section is was not known when it began.
  section.writeBigInt64LE(-1n, 8)
  const header = block(blockType.section, section, [[option.application, Buffer.from('posada')]])
  const blocks = interfaces.map(({ name, description }) => {
    const fixed = Buffer.alloc(8)
    fixed.writeUInt16LE(ethernet, 0)
    return block(blockType.interface, fixed, [
      [option.name, Buffer.from(name)],
      [option.description, Buffer.from(description)],
    ])
  })
  return Buffer.concat([header, ...blocks])
}

/** A frame that an interface received. @param time milliseconds since 1970 */
export function pcapngFrame(interfaceNumber: number, time: number, frame: Uint8Array): Buffer {
  const fixed = Buffer.alloc(20 + padded(frame.length))
  fixed.writeUInt32LE(interfaceNumber, 0)
  writeTime(fixed, 4, time)
  fixed.writeUInt32LE(frame.length, 12)
  fixed.writeUInt32LE(frame.length, 16)
  fixed.set(frame, 20)
  const flags = Buffer.alloc(4)
  flags.writeUInt32LE(inbound)
  return block(blockType.packet, fixed, [[option.flags, flags]])
}

/** How many frames of an interface are missing in the file. */
export function pcapngDrops(interfaceNumber: number, time: number, drops: number): Buffer {
  const fixed = Buffer.alloc(12)
  fixed.writeUInt32LE(interfaceNumber, 0)
  writeTime(fixed, 4, time)
  const count = Buffer.alloc(8)
  count.writeBigUInt64LE(BigInt(drops))
  return block(blockType.statistics, fixed, [[option.drops, count]])
}

function writeTime(bytes: Buffer, at: number, time: number): void {
  const microseconds = BigInt(Math.round(time * 1000))
  bytes.writeUInt32LE(Number(microseconds >> 32n), at)
  bytes.writeUInt32LE(Number(microseconds & 0xffffffffn), at + 4)
}

function block(type: number, body: Buffer, options: readonly (readonly [number, Buffer])[]): Buffer {
  const written = [...options, [option.end, Buffer.alloc(0)] as const].map(([code, value]) => {
    const bytes = Buffer.alloc(4 + padded(value.length))
    bytes.writeUInt16LE(code, 0)
    bytes.writeUInt16LE(value.length, 2)
    value.copy(bytes, 4)
    return bytes
  })
  const length = 12 + body.length + written.reduce((sum, { length: each }) => sum + each, 0)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(type, 0)
  head.writeUInt32LE(length, 4)
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(length)
  return Buffer.concat([head, body, ...written, tail])
}

function padded(length: number): number {
  return (length + 3) & ~3
}
