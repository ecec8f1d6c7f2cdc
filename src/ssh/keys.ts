import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { PosadaError } from '../errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../lib/files/write-file.ts'
import { pemPublicBlob } from './pem-key.ts'
import { packString, WireReader } from './wire.ts'

export interface KeyPair {
  /** The private half, in OpenSSH's own format. */
  privateKey: string
  /** One line as in authorized_keys, without its line end. */
  publicKey: string
}

const magic = Buffer.from('openssh-key-v1\0')
const begin = '-----BEGIN OPENSSH PRIVATE KEY-----'
const end = '-----END OPENSSH PRIVATE KEY-----'

/**
 * The key pair in these files; made where there is none (ed25519). The private file (0600) is the
 * truth: the public one is written again when it is missing or does not fit. E_STATE_CORRUPT where the
 * private file is not a key.
 */
export async function ensureKeyPair(
  files: { key: string; publicKey: string },
  comment: string,
): Promise<KeyPair> {
  const privateKey = await ensurePrivateKey(files.key, comment)
  const publicKey = `${publicKeyOf(privateKey, files.key)} ${comment}`
  if ((await readTextIfThere(files.publicKey))?.trimEnd() !== publicKey) {
    await writeFileAtomic(files.publicKey, `${publicKey}\n`)
  }
  return { privateKey, publicKey }
}

/** The private key in this file, as `ensureKeyPair` makes it. Returns its text, whatever that is. */
export async function ensurePrivateKey(file: string, comment: string): Promise<string> {
  const found = await readTextIfThere(file)
  if (found !== null) return found
  const { privateKey } = generateKeyPair(comment)
  await writeFileAtomic(file, privateKey, { mode: 0o600 })
  return privateKey
}

/** A new ed25519 pair without passphrase. Source: OpenSSH, PROTOCOL.key; RFC 8709, 4. */
export function generateKeyPair(comment: string): KeyPair {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { seed, point } = rawKey(privateKey)
  const blob = Buffer.concat([packString('ssh-ed25519'), packString(point)])
  const check = randomBytes(4)
  const secret = Buffer.concat([
    check,
    check,
    blob,
    packString(Buffer.concat([seed, point])),
    packString(comment),
  ])
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, i) => i + 1))
  const count = Buffer.from([0, 0, 0, 1])
  const body = Buffer.concat([
    magic,
    packString('none'),
    packString('none'),
    packString(''),
    count,
    packString(blob),
    packString(Buffer.concat([secret, padding])),
  ])
  const lines = body.toString('base64').match(/.{1,70}/g) ?? []
  return {
    privateKey: `${[begin, ...lines, end].join('\n')}\n`,
    publicKey: `ssh-ed25519 ${blob.toString('base64')} ${comment}`,
  }
}

/**
 * `<type> <base64>` of a private key file's text in OpenSSH's format, encrypted or not, or of an RSA key in
 * PEM. `path` is named in the error.
 */
export function publicKeyOf(privateKey: string, path: string): string {
  const text = privateKey.trim()
  const pem = text.startsWith(begin) ? null : pemPublicBlob(text)
  if (pem !== null) return `${keyType(pem)} ${pem.toString('base64')}`
  if (!text.startsWith(begin) || !text.endsWith(end)) throw notAKey(path)
  const body = Buffer.from(text.slice(begin.length, -end.length), 'base64')
  if (!body.subarray(0, magic.length).equals(magic)) throw notAKey(path)
  try {
    const reader = new WireReader(body.subarray(magic.length))
    reader.string()
    reader.string()
    reader.string()
    if (reader.uint32() !== 1) throw notAKey(path)
    const blob = reader.string()
    return `${keyType(blob)} ${blob.toString('base64')}`
  } catch (error) {
    if (error instanceof RangeError) throw notAKey(path, error)
    throw error
  }
}

/** The algorithm's name that a public key blob begins with. RangeError where it is not such a blob. */
export function keyType(blob: Buffer): string {
  const type = new WireReader(blob).string().toString('latin1')
  if (!/^[a-z0-9@.-]{1,64}$/.test(type)) throw new RangeError('not a public key')
  return type
}

/** `SHA256:…` as `ssh-keygen -l` shows it, of a public key blob. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

function rawKey(privateKey: KeyObject): { seed: Buffer; point: Buffer } {
  const { d, x } = privateKey.export({ format: 'jwk' })
  if (d === undefined || x === undefined) throw new Error('an ed25519 key without its numbers')
  return { seed: Buffer.from(d, 'base64url'), point: Buffer.from(x, 'base64url') }
}

function notAKey(path: string, cause?: unknown): PosadaError {
  return new PosadaError('E_STATE_CORRUPT', `${path} is not a private key in OpenSSH's format`, {
    value: path,
    hint: 'posada destroy and posada up recreate the machine, with a new key',
    cause,
  })
}
