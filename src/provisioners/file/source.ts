import { isUtf8 } from 'node:buffer'
import type { Stats } from 'node:fs'
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import type { FileStep } from '../../manifest/index.ts'
import { explainSource, sourceError } from '../errors.ts'

export type Source =
  | { kind: 'text'; content: Buffer; mode: number; size: number }
  | { kind: 'file'; path: string; mode: number; size: number }
  | { kind: 'folder'; path: string; entries: Entry[] }

/** A path: bytes where it is not UTF-8. */
type Path = string | Buffer

/** Something in a folder. */
export interface Entry {
  /** Relative, with slashes; `.` is the folder itself. */
  name: Path
  /** On the host. */
  path: Path
  kind: 'file' | 'folder' | 'link'
  /** Permission bits, with set-user-ID, set-group-ID and sticky. */
  mode: number
  /** Bytes; 0 but for files. */
  size: number
  /** Milliseconds since 1970. */
  mtime: number
  /** Where a link leads, as written in it. */
  link?: Path
}

const modeBits = 0o7777

/**
 * What a file step copies, without its content: sizes, modes, and for a folder all that is in it,
 * sorted by name, with the step's mode applied. E_PROVISION_SOURCE where something cannot be read or
 * is neither file, folder nor link.
 */
export async function readSource(step: FileStep): Promise<Source> {
  const given = step.mode === null ? null : Number.parseInt(step.mode, 8)
  if ('content' in step.source) {
    const content = Buffer.from(step.source.content)
    return { kind: 'text', content, mode: given ?? 0o644, size: content.length }
  }
  const { path } = step.source
  try {
    const there = await stat(path)
    if (there.isFile()) return { kind: 'file', path, mode: given ?? there.mode & modeBits, size: there.size }
    if (!there.isDirectory()) throw sourceError(step, path, { why: 'is neither a file nor a folder' })
    const entries = [{ name: '.', path, kind: 'folder' as const, ...measures(there) }]
    const all = [...entries, ...(await walk(step, path, ''))]
    return { kind: 'folder', path, entries: given === null ? all : all.map((e) => withMode(e, given)) }
  } catch (error) {
    throw explainSource(step, path, error)
  }
}

/** A path for messages. */
export function shown(path: Path): string {
  return path.toString()
}

async function walk(step: FileStep, folder: Path, prefix: Path): Promise<Entry[]> {
  const bases = (await readdir(folder, { encoding: 'buffer' })).map(textIfUtf8)
  const entries: Entry[] = []
  for (const base of bases.sort((a, b) => (shown(a) < shown(b) ? -1 : 1))) {
    const [path, name] = [joined(folder, '/', base), joined(prefix, base)]
    const there = await lstat(path)
    const entry = { name, path, ...measures(there) }
    if (there.isSymbolicLink()) {
      const link = textIfUtf8(await readlink(path, { encoding: 'buffer' }))
      entries.push({ ...entry, kind: 'link', mode: 0o777, size: 0, link })
    } else if (there.isFile()) {
      entries.push({ ...entry, kind: 'file' })
    } else if (there.isDirectory()) {
      entries.push({ ...entry, kind: 'folder' }, ...(await walk(step, path, joined(name, '/'))))
    } else {
      throw sourceError(step, shown(path), { why: 'is neither a file nor a folder' })
    }
  }
  return entries
}

/** A mode for files lets folders be entered by whoever may read them, as chmod's `X` does. */
function withMode(one: Entry, mode: number): Entry {
  if (one.kind === 'link') return one
  return { ...one, mode: one.kind === 'folder' ? mode | ((mode & 0o444) >> 2) | 0o300 : mode }
}

function measures(there: Stats): { mode: number; size: number; mtime: number } {
  return { mode: there.mode & modeBits, size: there.isFile() ? there.size : 0, mtime: there.mtimeMs }
}

function textIfUtf8(bytes: Buffer): Path {
  return isUtf8(bytes) ? bytes.toString() : bytes
}

function joined(...parts: Path[]): Path {
  return textIfUtf8(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
}
