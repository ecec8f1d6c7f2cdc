import { lstat, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../errors/index.ts'
import { isTrustedOwner } from '../lib/process/user-id.ts'

/** What is gone by. */
export interface Believed {
  /** Absolute path of posada.yaml. */
  manifest: string
  /** Whether the user gave that path, which says that it is meant. */
  named: boolean
}

/**
 * Refuses a file that another user owns, or the link or folder that leads to it: E_OWNER. A manifest is looked for in
 * folders above, and whoever wrote one there must not say what this user's machines are. Git has the same rule,
 * safe.directory.
 */
export async function checkOwner(file: string, { manifest, named }: Believed): Promise<void> {
  if (named) return
  for (const [path, look] of [
    [dirname(file), stat],
    [file, lstat],
    [file, stat],
  ] as const) {
    const owner = await look(path).then(
      ({ uid }) => uid,
      (error: unknown) => {
        // What is wrong with it is told when it is read.
        if (error instanceof Error && 'code' in error) return null
        throw error
      },
    )
    if (owner !== null && !isTrustedOwner(owner)) throw ofAnother(path, owner, manifest)
  }
}

function ofAnother(path: string, owner: number, manifest: string): PosadaError {
  return new PosadaError('E_OWNER', `${path} belongs to another user (number ${owner})`, {
    value: path,
    hint: `if you trust it, name the manifest: --file '${manifest}'`,
  })
}
