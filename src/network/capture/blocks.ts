import { blockType, statisticsOption } from './pcapng.ts'

/** A whole block of a pcapng file. */
export interface Block {
  type: number
  bytes: Buffer
}

/** Bytes of a block: the largest frame, its headers and options fit many times over. */
const largestBlock = 1024 * 1024
const smallestBlock = 12

/** Cuts a little-endian pcapng stream into whole blocks; what is not whole is held back. */
export class BlockSplitter {
  #held: Buffer = Buffer.alloc(0)

  /** @throws Error where what comes can be no block */
  push(chunk: Buffer): Block[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const blocks: Block[] = []
    let at = 0
    while (bytes.length - at >= 8) {
      const length = bytes.readUInt32LE(at + 4)
      if (length < smallestBlock || length > largestBlock || length % 4 !== 0)
        throw new Error(`a block of ${length} bytes`)
      if (at + length > bytes.length) break
      blocks.push({ type: bytes.readUInt32LE(at), bytes: bytes.subarray(at, at + length) })
      at += length
    }
    this.#held = bytes.subarray(at)
    return blocks
  }
}

/** Frames that a statistics block says are missing; 0 for other blocks. */
export function missingIn({ type, bytes }: Block): number {
  if (type !== blockType.statistics) return 0
  for (let at = 20; at + 4 <= bytes.length - 4; ) {
    const length = bytes.readUInt16LE(at + 2)
    if (bytes.readUInt16LE(at) === statisticsOption.drops && length === 8 && at + 12 <= bytes.length)
      return Number(bytes.readBigUInt64LE(at + 4))
    at += 4 + ((length + 3) & ~3)
  }
  return 0
}
