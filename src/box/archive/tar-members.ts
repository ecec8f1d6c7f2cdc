import type { ByteReader } from './byte-reader.ts'
import { paxRecords } from './pax-records.ts'
import { refused, truncated } from './refused.ts'
import { type Extent, extentLimit, gnuExtents, isSoundMap, moreGnuExtents, paxExtents } from './sparse-map.ts'
import { oddKind, readTarHeader, type TarHeader, tarBlock } from './tar-header.ts'

/** A member of a tar archive. The name is as hostile as all of it: whoever writes a file checks it. */
export interface TarMember {
  name: string
  /** `odd`: a link, a device…; `what` says which. */
  kind: 'file' | 'folder' | 'odd'
  what: string
  /** Of the unpacked file, holes included. */
  size: number
  /** Its content from the first byte to the last, holes left out. May be asked for once, before the next member. */
  pieces(): AsyncGenerator<Piece>
}

export interface Piece {
  offset: number
  bytes: Uint8Array
}

/** Bytes of an extended header or a long name. */
const extensionLimit = 4 * 2 ** 20
const memberLimit = 10_000
/** Bytes that may follow the end of an archive: GNU tar fills its last record up. */
const trailerLimit = 16 * 2 ** 20

/**
 * The members of a tar archive in their order: ustar, pax, GNU long names, sparse files in GNU's old
 * form and in pax 0.1 and 1.0. Reads on to the end of the stream, so that its own checksum is looked at.
 * E_BOX_INVALID, which names `source`.
 */
export async function* tarMembers(reader: ByteReader, source: string): AsyncGenerator<TarMember> {
  for (let count = 0; ; count++) {
    if (count > memberLimit) throw refused(source, `it holds more than ${memberLimit} files`)
    const head = await nextHead(reader, source)
    if (head === null) break
    const body = new Body(reader, source, head.header.size)
    const { extents, size } = await layout(body, head)
    if (!isSoundMap(extents, { size, stored: body.left }))
      throw refused(source, 'a sparse file in it is malformed')
    const what = oddKind(head.header.type)
    yield {
      name: head.name,
      kind: what !== null ? 'odd' : head.header.type === '5' ? 'folder' : 'file',
      what: what ?? (head.header.type === '5' ? 'a folder' : 'a file'),
      size,
      pieces: () => body.pieces(extents),
    }
    await body.skip()
  }
  await drain(reader, source)
}

interface Head {
  header: TarHeader
  name: string
  records: ReadonlyMap<string, string>
}

/** The next header that stands for a file, with what the extensions before it say. */
async function nextHead(reader: ByteReader, source: string): Promise<Head | null> {
  let records: ReadonlyMap<string, string> = new Map()
  let longName: string | undefined
  for (let extensions = 0; extensions < 10; extensions++) {
    const header = await readHeader(reader, source)
    if (header === null) return null
    const { type } = header
    if (type === 'x' || type === 'g') {
      const read = paxRecords(await extension(reader, source, header))
      if (read === null) throw refused(source, 'an extended header in it is malformed')
      if (type === 'x') records = read
    } else if (type === 'L') longName = untilNul(await extension(reader, source, header))
    else if (type === 'K') await extension(reader, source, header)
    else {
      const size = records.get('size')
      if (size !== undefined && !/^\d{1,15}$/.test(size)) throw refused(source, 'a size in it cannot be read')
      const name = records.get('GNU.sparse.name') ?? records.get('path') ?? longName ?? header.name
      return { header: size === undefined ? header : { ...header, size: Number(size) }, name, records }
    }
  }
  throw refused(source, 'it holds extended headers for no file')
}

async function readHeader(reader: ByteReader, source: string): Promise<TarHeader | null> {
  const block = await reader.exactly(tarBlock)
  if (block === null) throw truncated(source)
  const header = readTarHeader(block)
  if (typeof header === 'string') throw refused(source, header)
  return header
}

async function extension(reader: ByteReader, source: string, { size }: TarHeader): Promise<Buffer> {
  if (size > extensionLimit) throw refused(source, `it holds an extended header of ${size} bytes`)
  const padded = Math.ceil(size / tarBlock) * tarBlock
  const content = await reader.exactly(padded)
  if (content === null) throw truncated(source)
  return content.subarray(0, size)
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

/** Where the content of a file goes, and how large the file is. Reads a map that stands before the content. */
async function layout(
  body: Body,
  { header, records }: Head,
): Promise<{ extents: readonly Extent[]; size: number }> {
  const wrong = () => refused(body.source, 'a sparse file in it is malformed')
  if (header.type === 'S') {
    const first = gnuExtents(header.block)
    const extents = [...first.extents]
    for (let { more } = first; more; ) {
      const block = await body.reader.exactly(tarBlock)
      if (block === null) throw truncated(body.source)
      const next = moreGnuExtents(block)
      extents.push(...next.extents)
      more = next.more
      if (extents.length > extentLimit) throw wrong()
    }
    return { extents, size: first.size ?? -1 }
  }
  const major = records.get('GNU.sparse.major')
  const isSparse = [...records.keys()].some((key) => key.startsWith('GNU.sparse.'))
  if (!isSparse) return { extents: [{ offset: 0, length: header.size }], size: header.size }
  const size = records.get('GNU.sparse.realsize') ?? records.get('GNU.sparse.size') ?? ''
  const map = records.get('GNU.sparse.map')
  const extents =
    major === '1'
      ? await body.readMap()
      : map === undefined
        ? null
        : paxExtents(map === '' ? [] : map.split(','))
  if (extents === null || extents.length > extentLimit || !/^\d{1,15}$/.test(size)) throw wrong()
  return { extents, size: Number(size) }
}

/** The content of one member as it is stored, padded to whole blocks. */
class Body {
  readonly reader: ByteReader
  readonly source: string
  /** Bytes of content that have not been read. */
  left: number
  #padding: number

  constructor(reader: ByteReader, source: string, size: number) {
    this.reader = reader
    this.source = source
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
    if (this.#padding > 0 && (await this.reader.exactly(this.#padding)) === null) throw truncated(this.source)
    this.#padding = 0
  }

  async #some(most: number): Promise<Uint8Array> {
    const bytes = await this.reader.some(Math.min(most, this.left))
    if (bytes === null) throw truncated(this.source)
    this.left -= bytes.length
    return bytes
  }

  async #exactly(length: number): Promise<Buffer> {
    const bytes = await this.reader.exactly(length)
    if (bytes === null) throw truncated(this.source)
    this.left -= length
    return bytes
  }
}

async function drain(reader: ByteReader, source: string): Promise<void> {
  for (let after = 0; ; ) {
    const bytes = await reader.some(tarBlock * 128)
    if (bytes === null) return
    after += bytes.length
    if (after > trailerLimit) throw refused(source, 'more follows behind its end')
  }
}
