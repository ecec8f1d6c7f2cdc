import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ignore } from 'ignore'
import { isErrno } from '../../lib/files/errno.ts'

/** Files that name what stays behind, in gitignore(5)'s syntax; the later ones decide. */
const ignoreFiles = ['.gitignore', '.posadaignore']
/** Bytes of such a file; a longer one is not written by hand. */
const longest = 1024 * 1024
const slash = Buffer.from('/')

export interface WorkspaceOptions {
  /** Whether `.git` goes along. */
  git: boolean
  /** What stays behind besides, in gitignore(5)'s syntax; nothing that a file says takes it along again. */
  exclude?: readonly string[]
  /** False: ignore files are files like any other. */
  ignoreFiles?: boolean
  /** Absolute paths of folders that stay behind, wherever links to them lead: Posada's own files of this user. */
  leaveOut?: readonly string[]
}

interface Rules {
  /** The folder that they stand in, relative to the workspace; empty or with a slash at its end. */
  base: string
  rules: Ignore
}

/**
 * The paths of a folder that go into the guest, relative to it, folders before what is in them: all but what
 * `.gitignore` and `.posadaignore` files name (gitignore(5)), `.posada`, `.git`, and `leaveOut`. Links stay links and are
 * not followed; sockets, pipes and devices stay behind. Paths are bytes: names need not be UTF-8.
 */
export async function workspacePaths(root: string, options: WorkspaceOptions): Promise<Buffer[]> {
  const { default: ignore } = await import('ignore')
  const found: Buffer[] = []
  const excluded = ignore({ allowRelativePaths: true }).add(options.exclude ?? [])
  const out = await realPaths(options.leaveOut ?? [])
  const [real = root] = await realPaths([root])
  const walk = async (folder: Buffer, above: readonly Rules[]): Promise<void> => {
    const path = Buffer.concat([Buffer.from(`${root}/`), folder])
    const base = folder.toString()
    const make = () => ignore({ allowRelativePaths: true })
    const own = options.ignoreFiles === false ? null : await rulesIn(path.toString(), make)
    const all = own === null ? above : [...above, { base, rules: own }]
    const entries = await readdir(path, { encoding: 'buffer', withFileTypes: true })
    entries.sort((a, b) => Buffer.compare(a.name, b.name))
    for (const entry of entries) {
      const name = entry.name.toString()
      const isFolder = entry.isDirectory()
      if (!isFolder && !entry.isFile() && !entry.isSymbolicLink()) continue
      if (name === '.posada' || (name === '.git' && !options.git)) continue
      const relative = Buffer.concat([folder, entry.name])
      if (isFolder && out.includes(join(real, relative.toString()))) continue
      const inGit = /^(.*\/)?\.git(\/|$)/.test(relative.toString())
      const shown = relative.toString() + (isFolder ? '/' : '')
      if (excluded.ignores(shown) || (!inGit && isIgnored(shown, all))) continue
      found.push(relative)
      if (isFolder) await walk(Buffer.concat([relative, slash]), all)
    }
  }
  await walk(Buffer.alloc(0), [])
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

/** The innermost rules that say something of it decide. */
function isIgnored(path: string, all: readonly Rules[]): boolean {
  let isOut = false
  for (const { base, rules } of all) {
    const { ignored, unignored } = rules.test(path.slice(base.length))
    if (ignored) isOut = true
    else if (unignored) isOut = false
  }
  return isOut
}

async function rulesIn(folder: string, make: () => Ignore): Promise<Ignore | null> {
  let rules: Ignore | null = null
  for (const name of ignoreFiles) {
    try {
      const text = await readFile(join(folder, name))
      if (text.length <= longest) rules = (rules ?? make()).add(text.toString())
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'EISDIR', 'ENOTDIR', 'ELOOP', 'EACCES')) throw error
    }
  }
  return rules
}
