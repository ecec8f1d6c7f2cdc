import { createPublicKey } from 'node:crypto'
import { packString } from './wire.ts'

/**
 * The public blob of an RSA key in PEM (PKCS #1 or #8), as OpenSSH wrote keys before 2018 and Vagrant still does;
 * null for anything else. Source: RFC 4253, 6.6 (`ssh-rsa`).
 */
export function pemPublicBlob(privateKey: string): Buffer | null {
  try {
    const { kty, n, e } = createPublicKey(privateKey).export({ format: 'jwk' })
    if (kty !== 'RSA' || n === undefined || e === undefined) return null
    return Buffer.concat([packString('ssh-rsa'), packNumber(e), packNumber(n)])
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_')) return null
    throw error
  }
}

/** A positive number as SSH's mpint. Source: RFC 4251, 5. */
function packNumber(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  const isHigh = ((bytes[0] ?? 0) & 0x80) !== 0
  return packString(isHigh ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes)
}
