import { pathTable, pathTableSize, terminator, volumeDescriptor } from './descriptors.ts'
import { rootDirectory } from './directory.ts'
import { ascii, blockSize, blocksOf, type Charset, ucs2 } from './fields.ts'

export interface IsoOptions {
  /** Name of the volume, at most 16 characters of ASCII. */
  label: string
  time: Date
}

/** Blocks before the first descriptor. ECMA-119, section 7.2.1. */
const systemArea = 16
/** Where each part lies: descriptors, path tables, root directories, then the files. */
const at = {
  primary: 16,
  joliet: 17,
  end: 18,
  tables: 19,
  jolietTables: 21,
  root: 23,
  jolietRoot: 24,
  files: 25,
}

/**
 * An ISO 9660 image with a few files in its root directory: their real names by Rock Ridge (IEEE P1282) and
 * by Joliet, short ones for all others. Pure: the same files give the same bytes. Names are ASCII of at
 * most 64 characters and differ in their short form; anything else is a bug.
 */
export function makeIso(files: ReadonlyMap<string, Uint8Array>, { label, time }: IsoOptions): Buffer {
  const extents = placeFiles(files)
  const blocks = at.files + [...files.values()].reduce((sum, content) => sum + blocksOf(content.length), 0)
  const volume = (root: number, tables: number) => ({
    label,
    blocks,
    time,
    root: { block: root, size: blockSize },
    pathTables: { little: tables, big: tables + 1, size: pathTableSize },
  })
  const primary = volume(at.root, at.tables)
  const joliet = volume(at.jolietRoot, at.jolietTables)
  const directory = ({ root }: typeof primary, charset: Charset) =>
    rootDirectory(
      root,
      extents.map((file) => ({ ...file, identifier: charset.joliet ? file.name : file.short })),
      { charset, time },
    )
  return Buffer.concat([
    Buffer.alloc(systemArea * blockSize),
    volumeDescriptor(primary, ascii),
    volumeDescriptor(joliet, ucs2),
    terminator(),
    ...[primary, joliet].flatMap(({ root }) => [pathTable(root, 'little'), pathTable(root, 'big')]),
    directory(primary, ascii),
    directory(joliet, ucs2),
    ...[...files.values()].map((content) => Buffer.concat([content], blocksOf(content.length) * blockSize)),
  ])
}

function placeFiles(files: ReadonlyMap<string, Uint8Array>) {
  let block = at.files
  const placed = [...files].map(([name, content]) => {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) throw new Error(`not a name for an ISO image: ${name}`)
    const size = content.length
    // Nothing of an empty file lies anywhere; its place must be one that there is.
    const file = { name, short: shortName(name), block: size === 0 ? at.files : block, size }
    block += blocksOf(size)
    return file
  })
  if (new Set(placed.map(({ short }) => short)).size < placed.length)
    throw new Error(`names that are the same in 8 characters: ${[...files.keys()].join(', ')}`)
  return placed
}

/** `user-data` → `USER_DAT.;1`: 8 characters, an ending of 3, a version. ECMA-119, sections 8.5 and 11.1. */
function shortName(name: string): string {
  const clean = name.toUpperCase().replace(/[^A-Z0-9.]/g, '_')
  const dot = clean.lastIndexOf('.')
  const stem = (dot < 0 ? clean : clean.slice(0, dot)).replaceAll('.', '_').slice(0, 8)
  return `${stem}.${dot < 0 ? '' : clean.slice(dot + 1, dot + 4)};1`
}
