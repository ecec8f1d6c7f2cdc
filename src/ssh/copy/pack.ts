// Not execa: to load it takes as long as a small copy.
import { spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { Readable } from 'node:stream'
import { packageRoot } from '../../lib/files/package-root.ts'
import type { HostFiles } from './host-files.ts'

/** The host's tar while it runs. */
export interface Packing {
  stdout: Readable
  ended: Promise<PackingEnd>
  kill(): void
}

export interface PackingEnd {
  /** Null where it was killed, or could not be started. */
  code: number | null
  /** Why it could not be started. */
  error: NodeJS.ErrnoException | null
  stderr: string
}

/** Characters of what it says that are kept. */
const longest = 64 * 1024

/**
 * Packs files of the host into a tar archive that ends with the folder of Posada's own that is called `last`; or one file,
 * that is called `as` there.
 */
export function pack({ parent, paths }: HostFiles, form: { last: string } | { as: string }): Packing {
  const follow = 'as' in form ? ['--dereference', `--transform=s,.*,${form.as},`] : []
  // A program's arguments are text; its folder is opened for it where that is not.
  const opened = typeof parent === 'string' ? null : openSync(parent, constants.O_DIRECTORY)
  const argv = [
    '--create',
    `--directory=${opened === null ? parent.toString() : `/proc/${process.pid}/fd/${opened}`}`,
    '--file=-',
    ...follow,
    '--no-recursion',
    '--null',
    '--files-from=-',
    ...('as' in form ? [] : [`--directory=${packageRoot()}`, form.last]),
  ]
  // The working folder may have a name that is not UTF-8, which no program can be started in by its name.
  const tar = spawn('tar', argv, { cwd: '/', env: { ...process.env, LC_ALL: 'C' } })
  // Where this process has too many files open, it has no streams.
  const { stdin, stdout = Readable.from([]), stderr } = tar as Partial<typeof tar>
  let said = ''
  stderr?.on('data', (bytes) => {
    if (said.length < longest) said += bytes
  })
  // It may end before it has read all names.
  stdin?.on('error', () => undefined)
  stdin?.end(fileList(paths))
  const ended = new Promise<PackingEnd>((resolve) => {
    tar.once('error', (error) => resolve({ code: null, error, stderr: said }))
    tar.once('close', (code) => resolve({ code, error: null, stderr: said }))
  })
  if (opened !== null) void ended.then(() => closeSync(opened))
  return { stdout, ended, kill: () => tar.kill() }
}

/** What tar's --null --files-from takes, in one piece: there may be 100,000 paths. */
function fileList(paths: readonly Buffer[]): Buffer {
  const list = Buffer.alloc(paths.reduce((sum, { length }) => sum + length + 3, 0))
  let at = 0
  for (const path of paths) {
    at += list.write('./', at)
    at += path.copy(list, at) + 1
  }
  return list
}
