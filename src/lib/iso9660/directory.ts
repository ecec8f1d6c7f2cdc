import { blockSize, both16, both32, type Charset, shortTime } from './fields.ts'

/** A file or folder as a directory names it. */
export interface Extent {
  /** First block. */
  block: number
  /** Bytes. */
  size: number
}

export interface NamedExtent extends Extent {
  /** As the hierarchy has it: `USER_DAT.;1`, or the name itself in Joliet's. */
  identifier: string
  /** The name itself. */
  name: string
}

const folderFlag = 2
/** `.` and `..` of a root directory are the same. */
const self = Buffer.from([0])
const parent = Buffer.from([1])

/** The root directory's block, sorted by identifier. Throws a bug where its entries do not fit into one. */
export function rootDirectory(
  root: Extent,
  files: readonly NamedExtent[],
  { charset, time }: { charset: Charset; time: Date },
): Buffer {
  const rockRidge = !charset.joliet
  const sorted = [...files].sort((a, b) => (a.identifier < b.identifier ? -1 : 1))
  const records = [
    record(
      { ...root, identifier: self, flags: folderFlag, time },
      rockRidge ? [sharing, folder, reference] : [],
    ),
    record({ ...root, identifier: parent, flags: folderFlag, time }, rockRidge ? [folder] : []),
    ...sorted.map((file) =>
      record(
        { ...file, identifier: charset.encode(file.identifier), flags: 0, time },
        rockRidge ? [ordinary, alternateName(file.name)] : [],
      ),
    ),
  ]
  const content = Buffer.concat(records)
  if (content.length > blockSize) throw new Error(`${files.length} files do not fit into one directory block`)
  return Buffer.concat([content], blockSize)
}

/** ECMA-119, section 10.1; `extras` is the system use area. */
export function record(
  { block, size, identifier, flags, time }: Extent & { identifier: Buffer; flags: number; time: Date },
  extras: readonly Buffer[] = [],
): Buffer {
  const even = (33 + identifier.length) % 2 === 0 ? [] : [Buffer.alloc(1)]
  const body = Buffer.concat([
    Buffer.alloc(1),
    both32(block),
    both32(size),
    shortTime(time),
    Buffer.from([flags, 0, 0]),
    both16(1),
    Buffer.from([identifier.length]),
    identifier,
    ...even,
    ...extras,
  ])
  const length = body.length + 1 + ((body.length + 1) % 2)
  return Buffer.concat([Buffer.from([length]), body], length)
}

/** An entry of the system use area: signature, length, version. IEEE P1281, section 4.1. */
function entry(signature: string, version: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(signature, 'latin1'), Buffer.from([4 + data.length, version]), data])
}

/** Says that such entries are used. IEEE P1281, section 5.3. */
const sharing = entry('SP', 1, Buffer.from([0xbe, 0xef, 0]))

/** Says that they are Rock Ridge's. IEEE P1281, section 5.5; IEEE P1282, section 4.3. */
const reference = entry(
  'ER',
  1,
  Buffer.concat([Buffer.from([10, 0, 0, 1]), Buffer.from('RRIP_1991A', 'latin1')]),
)

/** Mode, links, owner and group. IEEE P1282, section 4.1.1. */
function posix(mode: number, links: number): Buffer {
  return entry('PX', 1, Buffer.concat([mode, links, 0, 0].map(both32)))
}

const folder = posix(0o040555, 2)
const ordinary = posix(0o100444, 1)

/** The name as it is. IEEE P1282, section 4.1.4. */
function alternateName(name: string): Buffer {
  return entry('NM', 1, Buffer.concat([Buffer.alloc(1), Buffer.from(name, 'latin1')]))
}
