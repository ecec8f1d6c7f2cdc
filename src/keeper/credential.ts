import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isErrno } from '../lib/files/errno.ts'
import type { SshTarget } from '../ssh/index.ts'

/**
 * A digest of all that decides whether a login succeeds, and where: address, user, private key, recorded host key. A
 * connection is given only to whoever could log in as it did. Null where the key or the record is gone.
 */
export async function credentialOf(target: SshTarget): Promise<string | null> {
  const { host, port, vsock = '', user, keyFile, knownHostsFile } = target
  try {
    const files = await Promise.all([readFile(keyFile), readFile(knownHostsFile)])
    const hash = createHash('sha256').update(JSON.stringify([host, port, vsock, user]))
    for (const file of files) hash.update(createHash('sha256').update(file).digest())
    return hash.digest('hex')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
