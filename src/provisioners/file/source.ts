import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileStep } from '../../manifest/index.ts'
import { explainSource, sourceError } from '../errors.ts'

export type Source =
  | { kind: 'text'; content: Buffer; mode: number; size: number }
  | { kind: 'file'; path: string; mode: number; size: number }
  | { kind: 'folder'; path: string; entries: Entry[] }

/** Something in a folder. */
export interface Entry {
  /** Relative, with slashes; `.` is the folder itself. */
  name: string
  /** On the host. */
  path: string
  kind: 'file' | 'folder' | 'link'
  /** Permission bits. */
  mode: number
  /** Bytes; 0 but for files. */
  size: number
  /** Milliseconds since 1970. */
  mtime: number
  /** Where a link leads, as written in it. */
  link?: string
}

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
    if (there.isFile()) return { kind: 'file', path, mode: given ?? there.mode & 0o777, size: there.size }
    if (!there.isDirectory()) throw sourceError(step, path, 'is neither a file nor a folder')
    const entries = [entry('.', path, 'folder', there.mode & 0o777, 0, there.mtimeMs)]
    await walk(step, path, '', entries)
    return {
      kind: 'folder',
      path,
      entries: given === null ? entries : entries.map((e) => withMode(e, given)),
    }
  } catch (error) {
    throw explainSource(step, path, error)
  }
}

async function walk(step: FileStep, folder: string, prefix: string, entries: Entry[]): Promise<void> {
  const names = (await readdir(folder)).sort((a, b) => (a < b ? -1 : 1))
  for (const base of names) {
    const [path, name] = [join(folder, base), prefix + base]
    const there = await lstat(path)
    const mode = there.mode & 0o777
    if (there.isSymbolicLink()) {
      entries.push({ ...entry(name, path, 'link', 0o777, 0, there.mtimeMs), link: await readlink(path) })
    } else if (there.isFile()) {
      entries.push(entry(name, path, 'file', mode, there.size, there.mtimeMs))
    } else if (there.isDirectory()) {
      entries.push(entry(name, path, 'folder', mode, 0, there.mtimeMs))
      await walk(step, path, `${name}/`, entries)
    } else {
      throw sourceError(step, path, 'is neither a file nor a folder')
    }
  }
}

/** A mode for files lets folders be entered by whoever may read them, as chmod's `X` does. */
function withMode(one: Entry, mode: number): Entry {
  if (one.kind === 'link') return one
  return { ...one, mode: one.kind === 'folder' ? mode | ((mode & 0o444) >> 2) | 0o300 : mode }
}

function entry(
  name: string,
  path: string,
  kind: Entry['kind'],
  mode: number,
  size: number,
  mtime: number,
): Entry {
  return { name, path, kind, mode, size, mtime }
}
