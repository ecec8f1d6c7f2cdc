import type { ByteReader } from './byte-reader.ts'
import { extensionLimit, type HeaderAllowance } from './header-allowance.ts'
import type { Refusal } from './refusal.ts'
import { type Extent, extentLimit, paxExtents } from './sparse-map.ts'
import { tarBlock } from './tar-header.ts'

export interface Piece {
  offset: number
  bytes: Uint8Array
}

/** An archive that is being read. */
export interface TarSource {
  reader: ByteReader
  refusal: Refusal
  headers: HeaderAllowance
}

/** The content of one member as it is stored, padded to whole blocks. */
export class MemberBody {
  readonly archive: TarSource
  /** Bytes of content that have not been read. */
  left: number
  #padding: number

  constructor(archive: TarSource, size: number) {
    this.archive = archive
    this.left = size
    this.#padding = (tarBlock - (size % tarBlock)) % tarBlock
  }

  async *pieces(extents: readonly Extent[]): AsyncGenerator<Piece> {
    for (const extent of extents) {
      const end = extent.offset + extent.length
      for (let offset = extent.offset; offset < end; ) {
        const bytes = await this.#some(end - offset)
        yield { offset, bytes }
        offset += bytes.length
      }
    }
  }

  /** pax 1.0: decimal numbers on lines of their own, the first how many pairs follow; then up to a whole block. */
  async readMap(): Promise<Extent[] | null> {
    const blocks: Buffer[] = []
    let [wanted, lines] = [0, 0]
    do {
      if (this.left < tarBlock || blocks.length * tarBlock > extensionLimit) return null
      this.archive.headers.take(tarBlock)
      const block = await this.#exactly(tarBlock)
      if (blocks.length === 0) {
        const count = Number(/^(\d{1,6})\n/.exec(block.toString('latin1'))?.[1] ?? Number.NaN)
        if (Number.isNaN(count) || count > extentLimit) return null
        wanted = 2 * count + 1
      }
      blocks.push(block)
      for (let at = block.indexOf(0x0a); at >= 0; at = block.indexOf(0x0a, at + 1)) lines += 1
    } while (lines < wanted)
    return paxExtents(Buffer.concat(blocks).toString('latin1').split('\n').slice(1, wanted))
  }

  async skip(): Promise<void> {
    while (this.left > 0) await this.#some(this.left)
    if (this.#padding > 0 && (await this.archive.reader.exactly(this.#padding)) === null)
      throw this.archive.refusal.truncated()
    this.#padding = 0
  }

  async #some(most: number): Promise<Uint8Array> {
    const bytes = await this.archive.reader.some(Math.min(most, this.left))
    if (bytes === null) throw this.archive.refusal.truncated()
    this.left -= bytes.length
    return bytes
  }

  async #exactly(length: number): Promise<Buffer> {
    const bytes = await this.archive.reader.exactly(length)
    if (bytes === null) throw this.archive.refusal.truncated()
    this.left -= length
    return bytes
  }
}
