import type { ByteReader } from './byte-reader.ts'
import { extensionLimit, HeaderAllowance, headerLimit } from './header-allowance.ts'
import { MemberBody, type Piece, type TarSource } from './member-body.ts'
import { paxRecords } from './pax-records.ts'
import type { Refusal } from './refusal.ts'
import { type Extent, extentLimit, gnuExtents, isSoundMap, moreGnuExtents, paxExtents } from './sparse-map.ts'
import { oddKind, readTarHeader, type TarHeader, tarBlock } from './tar-header.ts'

/** A member of a tar archive. The name is as hostile as all of it: whoever writes a file checks it. */
export interface TarMember {
  /** Each character a byte. */
  name: string
  /** `odd`: a link, a device…; `what` says which. */
  kind: 'file' | 'folder' | 'odd'
  what: string
  header: TarHeader
  /** Where a link leads, each character a byte. */
  target: string
  /** Of the unpacked file, holes included. */
  size: number
  /** Its content from the first byte to the last, holes left out. May be asked for once, before the next member. */
  pieces(): AsyncGenerator<Piece>
}

interface TarLimits {
  members: number
  /** Bytes of headers, long names and sparse maps together. */
  headers: number
}

const limits: TarLimits = { members: 10_000, headers: headerLimit }
/** Bytes that may follow the end of an archive: GNU tar fills its last record up. */
const trailerLimit = 16 * 2 ** 20

/**
 * The members of a tar archive in their order: ustar, pax, GNU long names, sparse files in GNU's old
 * form and in pax 0.1 and 1.0. Reads on to the end of the stream, so that its own checksum is looked at.
 * Throws what `refusal` makes.
 */
export async function* tarMembers(
  reader: ByteReader,
  refusal: Refusal,
  { members, headers }: TarLimits = limits,
): AsyncGenerator<TarMember> {
  const archive = { reader, refusal, headers: new HeaderAllowance(refusal, headers) }
  for (let count = 0; ; count++) {
    if (count > members) throw refusal.refused(`it contains more than ${members} files`)
    const head = await nextHead(archive)
    if (head === null) break
    const body = new MemberBody(archive, head.header.size)
    const { extents, size } = await layout(body, head)
    if (!isSoundMap(extents, { size, stored: body.left }))
      throw refusal.refused('a sparse file in it is malformed')
    const what = oddKind(head.header.type)
    yield {
      name: head.name,
      kind: what !== null ? 'odd' : head.header.type === '5' ? 'folder' : 'file',
      header: head.header,
      target: head.target,
      what: what ?? (head.header.type === '5' ? 'a folder' : 'a file'),
      size,
      pieces: () => body.pieces(extents),
    }
    await body.skip()
  }
  await drain(reader, refusal)
}

interface Head {
  header: TarHeader
  name: string
  target: string
  records: ReadonlyMap<string, string>
}

/** The next header that stands for a file, with what the extensions before it say. */
async function nextHead(archive: TarSource): Promise<Head | null> {
  const { reader, refusal, headers } = archive
  let records: ReadonlyMap<string, string> = new Map()
  let longName: string | undefined
  let longTarget: string | undefined
  for (let extensions = 0; extensions < 10; extensions++) {
    const header = await readHeader(reader, refusal)
    if (header === null) return null
    const { type } = header
    headers.take(tarBlock)
    if (type === 'x' || type === 'g') {
      const read = paxRecords(await extension(archive, header))
      if (read === null) throw refusal.refused('an extended header in it is malformed')
      if (type === 'x') records = read
    } else if (type === 'L') longName = untilNul(await extension(archive, header))
    else if (type === 'K') longTarget = untilNul(await extension(archive, header))
    else {
      const size = records.get('size')
      if (size !== undefined && !/^\d{1,15}$/.test(size))
        throw refusal.refused('it has an invalid size field')
      const name = records.get('GNU.sparse.name') ?? records.get('path') ?? longName ?? header.name
      const target = records.get('linkpath') ?? longTarget ?? header.target
      return {
        header: size === undefined ? header : { ...header, size: Number(size) },
        name,
        target,
        records,
      }
    }
  }
  throw refusal.refused('it ends with an extended header')
}

async function readHeader(reader: ByteReader, refusal: Refusal): Promise<TarHeader | null> {
  const block = await reader.exactly(tarBlock)
  if (block === null) throw refusal.truncated()
  const header = readTarHeader(block)
  if (typeof header === 'string') throw refusal.refused(header)
  return header
}

async function extension({ reader, refusal, headers }: TarSource, { size }: TarHeader): Promise<Buffer> {
  if (size > extensionLimit) throw refusal.refused(`it has an extended header of ${size} bytes`)
  headers.take(size)
  const padded = Math.ceil(size / tarBlock) * tarBlock
  const content = await reader.exactly(padded)
  if (content === null) throw refusal.truncated()
  return content.subarray(0, size)
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}

/** Where the content of a file goes, and how large the file is. Reads a map that stands before the content. */
async function layout(
  body: MemberBody,
  { header, records }: Head,
): Promise<{ extents: readonly Extent[]; size: number }> {
  const { reader, refusal, headers } = body.archive
  const wrong = () => refusal.refused('a sparse file in it is malformed')
  if (header.type === 'S') {
    const first = gnuExtents(header.block)
    const extents = [...first.extents]
    for (let { more } = first; more; ) {
      const block = await reader.exactly(tarBlock)
      if (block === null) throw refusal.truncated()
      headers.take(tarBlock)
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

async function drain(reader: ByteReader, refusal: Refusal): Promise<void> {
  for (let after = 0; ; ) {
    const bytes = await reader.some(tarBlock * 128)
    if (bytes === null) return
    after += bytes.length
    if (after > trailerLimit) throw refusal.refused('it has data after its end')
  }
}
