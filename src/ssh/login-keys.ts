import { readFile } from 'node:fs/promises'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/files/errno.ts'

/** A private key to log in with. */
export interface Key {
  file: string
  text: string
}

/** For a guest whose key is gone. */
export const lostKeyHint =
  'the guest lets in no other key: restore the file from a backup, or make a new machine (posada destroy, then posada up)'

/** The keys in these files, in their order; E_SSH_AUTH where there is none. */
export async function readKeys(files: readonly string[]): Promise<Key[]> {
  const keys: Key[] = []
  for (const file of files) {
    try {
      keys.push({ file, text: await readFile(file, 'utf8') })
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }
  if (keys.length > 0) return keys
  const own = files.at(-1) ?? ''
  throw new PosadaError('E_SSH_AUTH', `there is no private key at ${own}`, {
    value: own,
    hint: lostKeyHint,
  })
}
