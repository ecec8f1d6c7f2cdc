import { createHmac, timingSafeEqual } from 'node:crypto'
import { PosadaError } from '../errors/index.ts'
import { readTextIfThere } from '../lib/files/write-file.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
import { ensureKey, readKey } from './user-key.ts'
import type { OwnPaths } from './user-paths.ts'

/** A JSON file that only this user's Posada on this host writes. */
export interface SealedFile {
  path: string
  /** What the file is of: a seal is of no use in the place of another file. */
  of: string
  user: OwnPaths
}

/** The newest version that this Posada knows, and what to do about a file that makes no sense. */
interface Form {
  version: number
  hint: string
}

/**
 * Reads a file that `writeSealed` wrote; null where there is none. See readJsonFile; E_STATE_FOREIGN where somebody
 * else wrote it, or this user on another host: it came with a repository, say, or with a copied home.
 */
export async function readSealed(file: SealedFile, form: Form): Promise<Record<string, unknown> | null> {
  const opened = await open(file, form)
  if (opened?.isOurs === false)
    throw foreign(file.path, 'was not written by this user’s Posada on this host', removal(file.path, true))
  return opened?.content ?? null
}

/**
 * What a file says that `readSealed` refuses; null where there is none, or it would be taken. For someone to look at:
 * whoever agrees to it has it written again by `writeSealed`.
 */
export async function readForeign(file: SealedFile, form: Form): Promise<Record<string, unknown> | null> {
  const opened = await open(file, form)
  return opened?.isOurs === false ? opened.content : null
}

async function open({ path, of, user }: SealedFile, { version, hint }: Form) {
  const value = await readJsonFile(path, version, hint)
  if (value === null) return null
  const { seal, ...content } = value
  const key = await readKey(user.key)
  const isOurs = key !== null && typeof seal === 'string' && isEqual(seal, await sealOf(key, of, content))
  return { content, isOurs }
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

function removal(path: string, adoptable = false): string {
  const end = path.indexOf('/.posada')
  const folder = end < 0 ? path : path.slice(0, end + '/.posada'.length)
  const yours = adoptable ? 'if you made it and your key was lost: posada trust --adopt; ' : ''
  return `${yours}if it came with a repository or a copied home, remove it: rm -r '${folder}'; docs/security.md says more`
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
