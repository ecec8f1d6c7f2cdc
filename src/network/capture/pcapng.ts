import type { FrameSpan } from '../../lib/net/framing.ts'

/**
 * The file format that Wireshark reads. Source: draft-ietf-opsawg-pcapng. Little-endian; times are
 * nanoseconds since 1970.
 */
export const blockType = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const
const magic = 0x1a2b3c4d
const ethernet = 1
const nanoseconds = 9

const option = { end: 0 } as const
const sectionOption = { application: 4 } as const
const interfaceOption = { name: 2, description: 3, resolution: 9 } as const
const packetOption = { flags: 2, drops: 4 } as const
export const statisticsOption = { begun: 2, ended: 3, received: 4, drops: 5 } as const

/** Type and length, before and behind. */
const frameBytes = 12
/** Of a packet block before the frame: interface, time, both lengths. */
const packetHead = 20
/** Of a packet block behind the frame: flags, how many are missing, the end of the options. */
const packetOptions = 8 + 12 + 4

/** `received`: the interface's machine gets the frame; `sent`: it is from it. */
export type Direction = 'received' | 'sent'
/** Bits 0 and 1 of a packet's flags (4.3.1). */
const flagsOf: Record<Direction, number> = { received: 1, sent: 2 }

/** The beginning of a file (4.1). How long the section is was not known when it began. */
export function sectionBlock(): Buffer {
  const body = Buffer.alloc(16)
  body.writeUInt32LE(magic, 0)
  body.writeUInt16LE(1, 4)
  body.writeBigInt64LE(-1n, 8)
  return block(blockType.section, body, [[sectionOption.application, Buffer.from('posada')]])
}

/** An interface; they are numbered from 0 in their order (4.2). @param snaplen bytes kept of a frame; 0 for all */
export function interfaceBlock(name: string, description: string, snaplen: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt16LE(ethernet, 0)
  body.writeUInt32LE(snaplen, 4)
  return block(blockType.interface, body, [
    [interfaceOption.name, Buffer.from(name)],
    [interfaceOption.description, Buffer.from(description)],
    [interfaceOption.resolution, Buffer.of(nanoseconds)],
  ])
}

export interface Packet {
  interfaceNumber: number
  time: bigint
  direction: Direction
  /** Frames of the interface that are missing since the one before. */
  drops: number
  frame: Readonly<FrameSpan>
  /** Bytes of the frame that are kept. */
  kept: number
}

/** Bytes that a packet block takes at most, with so much of the frame. */
export function packetBytes(kept: number): number {
  return frameBytes + packetHead + padded(kept) + packetOptions
}

/** Writes a packet block (4.3); returns where it ends. */
export function writePacket(target: Buffer, at: number, packet: Packet): number {
  const { interfaceNumber, time, direction, drops, frame, kept } = packet
  const { bytes, start, end } = frame
  let next = at + 8
  next = target.writeUInt32LE(interfaceNumber, next)
  next = writeTime(target, next, time)
  next = target.writeUInt32LE(kept, next)
  next = target.writeUInt32LE(end - start, next)
  bytes.copy(target, next, start, start + kept)
  target.fill(0, next + kept, next + padded(kept))
  next += padded(kept)
  next = target.writeUInt32LE(packetOption.flags | (4 << 16), next)
  next = target.writeUInt32LE(flagsOf[direction], next)
  if (drops > 0) {
    next = target.writeUInt32LE(packetOption.drops | (8 << 16), next)
    next = target.writeBigUInt64LE(BigInt(drops), next)
  }
  next = target.writeUInt32LE(option.end, next)
  const length = next + 4 - at
  target.writeUInt32LE(blockType.packet, at)
  target.writeUInt32LE(length, at + 4)
  return target.writeUInt32LE(length, next)
}

export interface Statistics {
  interfaceNumber: number
  begun: bigint
  ended: bigint
  /** Frames that there were, those that are missing included. */
  received: number
  /** Those that are missing in the file. */
  drops: number
}

/** What came of an interface (4.6). */
export function statisticsBlock({ interfaceNumber, begun, ended, received, drops }: Statistics): Buffer {
  const body = Buffer.alloc(12)
  body.writeUInt32LE(interfaceNumber, 0)
  writeTime(body, 4, ended)
  return block(blockType.statistics, body, [
    [statisticsOption.begun, timeBytes(begun)],
    [statisticsOption.ended, timeBytes(ended)],
    [statisticsOption.received, count(received)],
    [statisticsOption.drops, count(drops)],
  ])
}

/** The upper 32 bits, then the lower ones. */
function writeTime(target: Buffer, at: number, time: bigint): number {
  return target.writeUInt32LE(Number(time & 0xffffffffn), target.writeUInt32LE(Number(time >> 32n), at))
}

function timeBytes(time: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  writeTime(bytes, 0, time)
  return bytes
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function block(type: number, body: Buffer, options: readonly (readonly [number, Buffer])[]): Buffer {
  const written = [...options, [option.end, Buffer.alloc(0)] as const].map(([code, value]) => {
    const bytes = Buffer.alloc(4 + padded(value.length))
    bytes.writeUInt16LE(code, 0)
    bytes.writeUInt16LE(value.length, 2)
    value.copy(bytes, 4)
    return bytes
  })
  const length = frameBytes + body.length + written.reduce((sum, { length: each }) => sum + each, 0)
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
