import { expect } from 'vitest'

export interface PcapngBlock {
  type: number
  /** Without type and lengths. */
  body: Buffer
}

/** The blocks of a file that is whole, by the lengths that stand before and behind each. */
export function bodiesIn(file: Buffer): PcapngBlock[] {
  const blocks: PcapngBlock[] = []
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4)
    expect(length % 4).toBe(0)
    expect(file.readUInt32LE(at + length - 4)).toBe(length)
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) })
    at += length
  }
  return blocks
}

/** What a packet block says. Source: draft-ietf-opsawg-pcapng, 4.3. */
export function packetIn({ type, body }: PcapngBlock) {
  expect(type).toBe(6)
  const kept = body.readUInt32LE(12)
  const options = optionsIn(body.subarray(20 + ((kept + 3) & ~3)))
  return {
    interfaceNumber: body.readUInt32LE(0),
    time: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
    length: body.readUInt32LE(16),
    frame: body.subarray(20, 20 + kept),
    direction: options.get(2)?.readUInt32LE() === 1 ? 'received' : 'sent',
    drops: Number(options.get(4)?.readBigUInt64LE() ?? 0),
  }
}

/** Values of options by their codes (3.5). */
function optionsIn(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; bytes.readUInt16LE(at) !== 0; ) {
    const length = bytes.readUInt16LE(at + 2)
    found.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, at + 4 + length))
    at += 4 + ((length + 3) & ~3)
  }
  return found
}

/** Names of the interfaces, packets and, by interface, what the statistics say is missing. */
export function readPcapng(file: Buffer) {
  const blocks = bodiesIn(file)
  const names = blocks
    .filter(({ type }) => type === 1)
    .map(({ body }) => optionsIn(body.subarray(8)).get(2)?.toString() ?? '')
  const packets = blocks
    .filter(({ type }) => type === 6)
    .map(packetIn)
    .map((packet) => ({ ...packet, name: names[packet.interfaceNumber] }))
  const missing = new Map(
    blocks
      .filter(({ type }) => type === 5)
      .map(({ body }) => [
        names[body.readUInt32LE(0)],
        Number(optionsIn(body.subarray(12)).get(5)?.readBigUInt64LE()),
      ]),
  )
  return { names, packets, missing }
}
