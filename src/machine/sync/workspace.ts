import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from '../../lib/files/errno.ts'
import { Ignored } from '../../sync/index.ts'

export interface WorkspaceOptions {
  /** Whether `.git` goes along. */
  git: boolean
  /** What stays behind besides, in gitignore(5)'s syntax; what these patterns say goes before what files say. */
  exclude?: readonly string[]
  /** False: ignore files are files like any other. */
  ignoreFiles?: boolean
  /** Absolute paths of folders that stay behind, wherever links to them lead: Posada's own files of this user. */
  leaveOut?: readonly string[]
}

const slash = Buffer.from('/')

/**
 * The paths of a folder that go into the guest, relative to it, folders before what is in them: all but what
 * `Ignored` names, and `leaveOut`. Links stay links and are not followed; sockets, pipes and devices stay behind. Paths
 * are bytes: names need not be UTF-8.
 */
export async function workspacePaths(root: string, options: WorkspaceOptions): Promise<Buffer[]> {
  const { git, exclude = [], ignoreFiles = true } = options
  const ignored = new Ignored({ from: root, git, exclude, ignoreFiles })
  const found: Buffer[] = []
  const out = await realPaths(options.leaveOut ?? [])
  const [real = root] = await realPaths([root])
  const walk = async (folder: Buffer): Promise<void> => {
    const path = Buffer.concat([Buffer.from(`${root}/`), folder])
    const entries = await readdir(path, { encoding: 'buffer', withFileTypes: true })
    entries.sort((a, b) => Buffer.compare(a.name, b.name))
    for (const entry of entries) {
      const isFolder = entry.isDirectory()
      if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue
      const relative = Buffer.concat([folder, entry.name])
      if (isFolder && out.includes(join(real, relative.toString()))) continue
      if (ignored.has(relative.toString('latin1'), isFolder)) continue
      found.push(relative)
      if (isFolder) await walk(Buffer.concat([relative, slash]))
    }
  }
  await walk(Buffer.alloc(0))
  return found
}

/** Those that are not there are left out. */
async function realPaths(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      realpath(path).catch((error: unknown) => {
        if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
        throw error
      }),
    ),
  )
  return found.flat()
}
