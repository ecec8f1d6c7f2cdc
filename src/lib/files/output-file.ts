import { realpath, stat, writeFile } from 'node:fs/promises'
import { isErrno } from './errno.ts'
import { exists } from './folders.ts'
import { writeFileAtomic } from './write-file.ts'

/**
 * Writes a file that a user named: whole or not at all, through a link to where it leads. A device or a pipe
 * (`/dev/null`, `/dev/stdout`, a shell's `>(…)`) is written to and stays what it is: renamed over by root, it would be
 * lost to the whole host.
 */
export async function writeOutputFile(path: string, content: string | Uint8Array): Promise<void> {
  const target = await outputTarget(path)
  if (target === null) await writeFile(path, content)
  else await writeFileAtomic(target, content)
}

/** Where a file is to be renamed to so that it is at `path`, links followed; null: what is there is not a file or a folder. */
async function outputTarget(path: string): Promise<string | null> {
  try {
    const target = await realpath(path)
    const found = await stat(target)
    return found.isFile() || found.isDirectory() ? target : null
  } catch (error) {
    // Not there yet, or `/dev/stdout` of a pipe, which leads to a name that is not a path.
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    return (await exists(path)) ? null : path
  }
}
