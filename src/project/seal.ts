import { createHmac, timingSafeEqual } from 'node:crypto'
import { PosadaError } from '../errors/index.ts'
import { readTextIfThere } from '../lib/files/write-file.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import type { OwnPaths } from './paths.ts'
import { ensureKey, readKey } from './user-key.ts'

/** A JSON file that only this user's Posada on this host writes. */
export interface SealedFile {
  path: string
  /** What the file is of: a seal is of no use in the place of another file. */
  of: string
  user: OwnPaths
}

/**
 * Reads a file that `writeSealed` wrote; null where there is none. See readJsonFile; E_STATE_FOREIGN where somebody
 * else wrote it, or this user on another host: it came with a repository, say, or with a copied home.
 */
export async function readSealed(
  { path, of, user }: SealedFile,
  { version, hint }: { version: number; hint: string },
): Promise<Record<string, unknown> | null> {
  const value = await readJsonFile(path, version, hint)
  if (value === null) return null
  const { seal, ...rest } = value
  const key = await readKey(user.key)
  if (key === null || typeof seal !== 'string' || !isEqual(seal, await sealOf(key, of, rest)))
    throw foreign(path, 'was not written by this user’s Posada on this host')
  return rest
}

/** Writes a JSON file whole or not at all, with a seal that says that this user wrote it on this host. */
export async function writeSealed({ path, of, user }: SealedFile, value: object): Promise<void> {
  const plain: object = JSON.parse(JSON.stringify(value))
  await writeJsonFile(path, { ...plain, seal: await sealOf(await ensureKey(user.key), of, plain) })
}

/** E_STATE_FOREIGN: `what` goes on after the path. */
export function foreign(path: string, what: string, hint = removal(path)): PosadaError {
  return new PosadaError('E_STATE_FOREIGN', `${path} ${what}`, { value: path, hint })
}

function removal(path: string): string {
  const end = path.indexOf('/.posada')
  const folder = end < 0 ? path : path.slice(0, end + '/.posada'.length)
  return `if it came with a repository or a copied home, remove it: rm -r '${folder}'; docs/security.md says more`
}

/** HMAC-SHA-256 (RFC 2104) in hexadecimal. The values stay in the order in which JSON has them. */
async function sealOf(key: Buffer, of: string, value: object): Promise<string> {
  const host = (await readTextIfThere('/etc/machine-id'))?.trim() ?? ''
  return createHmac('sha256', key)
    .update(JSON.stringify([host, of, value]))
    .digest('hex')
}

function isEqual(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
