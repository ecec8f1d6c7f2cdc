import { PosadaError } from '../errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { fingerprint, keyType } from './keys.ts'
import type { SshTarget } from './session.ts'

/** A host key as recorded: its type (`ssh-ed25519`) and the public blob. */
export interface HostKey {
  type: string
  blob: Buffer
}

/**
 * The host key recorded for `alias`, or null before the first contact. The file is OpenSSH's
 * known_hosts, so that `ssh -o UserKnownHostsFile=` reads it too. E_STATE_CORRUPT where it has lines
 * that are none.
 */
export async function readHostKey(file: string, alias: string): Promise<HostKey | null> {
  const text = (await readTextIfThere(file)) ?? ''
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [names, type, base64] = line.split(' ')
    const blob = Buffer.from(base64 ?? '', 'base64')
    if (names === undefined || type === undefined || !isBlobOf(type, blob)) throw corrupt(file)
    if (names.split(',').includes(alias)) return { type, blob }
  }
  return null
}

/** The public blob of a host key as a line of OpenSSH's has it; null: it is not one. */
export function hostKeyIn(line: string): Buffer | null {
  const [type = '', base64 = ''] = line.split(' ')
  const blob = Buffer.from(base64, 'base64')
  return isBlobOf(type, blob) ? blob : null
}

/** Records the key that a machine showed at the first contact; the file holds this one line. */
export async function recordHostKey(file: string, alias: string, blob: Buffer): Promise<void> {
  await writeFileAtomic(file, `${alias} ${keyType(blob)} ${blob.toString('base64')}\n`, { mode: 0o600 })
}

/** E_SSH_HOST_KEY with both fingerprints. */
export function hostKeyError(
  { knownHostsFile: file, hostAlias: alias }: SshTarget,
  recorded: HostKey,
  shown: Buffer,
): PosadaError {
  return new PosadaError(
    'E_SSH_HOST_KEY',
    `${alias} presented a host key that differs from the recorded one`,
    {
      value: fingerprint(shown),
      machine: alias,
      details: [
        `recorded: ${fingerprint(recorded.blob)} (${recorded.type}) in ${file}`,
        `shown:    ${fingerprint(shown)}`,
      ],
      hint: `another server may be answering on this port; if the guest's keys were regenerated on purpose, delete ${file}`,
    },
  )
}

function isBlobOf(type: string, blob: Buffer): boolean {
  try {
    return keyType(blob) === type
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function corrupt(file: string): PosadaError {
  return new PosadaError('E_STATE_CORRUPT', `${file} is not in the format of known_hosts`, {
    value: file,
    hint: `delete it; the next connection records the host key again`,
  })
}
