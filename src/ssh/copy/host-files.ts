import { lstatSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type AnyPath, below, onPath } from '../../lib/files/byte-path.ts'
import { explainHost, hostError } from './errors.ts'

/** What of the host is to be copied. */
export interface HostFiles {
  kind: 'file' | 'folder'
  /** The folder that it lies in, absolute, and its name there. */
  parent: AnyPath
  name: AnyPath
  /**
   * Relative to `parent`. A folder comes before what is in it: a tar that goes by the umask gives it its mode only when
   * it makes it, as busybox's does for all but root. One that its owner may not write to comes after that.
   */
  paths: Buffer[]
  files: number
  bytes: number
}

const slash = Buffer.from('/')

/**
 * A file, or a folder with all that is in it; a link to either is followed, links in a folder are not. Names are
 * bytes. E_COPY.
 */
export async function hostFiles(from: AnyPath): Promise<HostFiles> {
  const path = onPath(from, (text) => resolve(text))
  const parent = onPath(path, dirname)
  const name = onPath(path, (text) => basename(text))
  const found: HostFiles = { kind: 'file', parent, name, paths: [], files: 0, bytes: 0 }
  try {
    const there = await stat(path)
    if (there.isDirectory()) {
      await addFolder(found, Buffer.from(name as string))
      return { ...found, kind: 'folder' }
    }
    if (!there.isFile()) throw neither(from)
    return { ...found, paths: [Buffer.from(name as string)], files: 1, bytes: there.size }
  } catch (error) {
    throw explainHost(from, error)
  }
}

async function addFolder(found: HostFiles, folder: Buffer): Promise<void> {
  const path = below(found.parent, folder)
  const isOpen = takesFiles(lstatSync(path))
  if (isOpen) found.paths.push(folder)
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    const inside = Buffer.concat([folder, slash, name])
    // Node's threads would take twenty times as long as the system.
    const there = lstatSync(below(path, name))
    if (there.isDirectory()) await addFolder(found, inside)
    else if (there.isFile() || there.isSymbolicLink()) {
      found.paths.push(inside)
      found.files += there.isFile() ? 1 : 0
      found.bytes += there.isFile() ? there.size : 0
    } else throw neither(`${found.parent}/${inside}`)
  }
  if (!isOpen) found.paths.push(folder)
}

/** Whether files can be made in a folder of such a mode by its owner. */
export function takesFiles({ mode }: { mode: number }): boolean {
  return (mode & 0o300) === 0o300
}

function neither(path: AnyPath) {
  return hostError(path, {
    why: 'is neither a file nor a folder',
    hint: 'only files, folders and links are copied',
  })
}
