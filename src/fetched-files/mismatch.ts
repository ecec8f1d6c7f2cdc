import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import { withoutCredentials } from '../lib/net/url-credentials.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import { type Checksum, checksumText } from '../lib/values/checksum.ts'
import { quote } from '../ssh/index.ts'

/** A file from the web that is not the one that was wanted. */
export interface WrongFile {
  what: string
  address: WebAddress
  /** What posada.lock has. */
  locked: string
  /** Where posada.lock is. */
  lockfile: string
}

/** E_LOCK_MISMATCH: another file is at the address than posada.lock has; digests are SHA-256 in hexadecimal. */
export function otherThanLocked({ what, address, locked, lockfile }: WrongFile, found: string): PosadaError {
  const shown = shownUrl(address.url)
  return new PosadaError('E_LOCK_MISMATCH', `${what} at ${shown} is not the one in posada.lock`, {
    value: lockfile,
    details: [`posada.lock:  sha256:${locked}`, `found:        sha256:${found}`],
    hint: `if the new one is right, update the lock: ${update(address)}; otherwise find out who changed it`,
  })
}

/** E_LOCK_MISMATCH: the manifest was given another checksum since the file was locked. */
export function otherThanWritten(
  { what, address, locked, lockfile }: WrongFile,
  checksum: Checksum,
): PosadaError {
  return new PosadaError(
    'E_LOCK_MISMATCH',
    `the checksum of ${what} in the manifest is not the one in posada.lock`,
    {
      value: lockfile,
      details: [`the manifest:  ${checksumText(checksum)}`, `posada.lock:   sha256:${locked}`],
      hint: `update the lock to what the manifest says: ${update(address)}`,
    },
  )
}

/** Moves this file alone. */
function update({ url }: WebAddress): string {
  return `posada box update ${quote(withoutCredentials(url))}`
}

/** E_LOCK_MISMATCH: two files came from one URL, of which posada.lock can have one. */
export function otherThanBefore(
  { what, address }: Pick<WrongFile, 'what' | 'address'>,
  found: [string, string],
): PosadaError {
  const shown = shownUrl(address.url)
  return new PosadaError('E_LOCK_MISMATCH', `${what} at ${shown} is two different files`, {
    value: shown,
    details: found.map((sha256) => `found:  sha256:${sha256}`),
    hint: 'the server’s answer depends on who asks: use the same credentials everywhere for this URL',
  })
}

/** E_CHECKSUM: what came is not what the manifest's checksum says; `found` is its digest by the same algorithm. */
export function otherThanChecksum(
  { what, address: { url } }: Pick<WrongFile, 'what' | 'address'>,
  checksum: Checksum,
  found: string,
): PosadaError {
  return new PosadaError('E_CHECKSUM', `${what} at ${shownUrl(url)} does not match its checksum`, {
    value: shownUrl(url),
    details: [`expected ${checksumText(checksum)}`, `got      ${checksum.algorithm}:${found}`],
    hint: 'the file was changed on the server or on the way, or the checksum belongs to another file; it was not kept',
  })
}
