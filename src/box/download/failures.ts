import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { mayPass } from '../../http/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { type Checksum, checksumText } from '../../lib/values/checksum.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { DownloadRequest } from './model.ts'

export function tooLong({ url, what }: DownloadRequest, limit: number): PosadaError {
  return new PosadaError('E_TRANSFER', `${shownUrl(url)} sends more than ${formatSize(limit)} for ${what}`, {
    value: shownUrl(url),
    hint: 'this is more than it announced or than is allowed; check the address',
  })
}

export function tooShort(
  { url }: DownloadRequest,
  { size, total }: { size: number; total: number },
): PosadaError {
  const got = `${formatSize(size)} of ${formatSize(total)}`
  return mayPass(
    new PosadaError('E_TRANSFER', `${shownUrl(url)} ended after ${got}`, {
      value: shownUrl(url),
      hint: 'run the command again; it resumes the download',
    }),
  )
}

export function tooSlow({ url }: DownloadRequest): PosadaError {
  return mayPass(
    new PosadaError('E_TRANSFER', `${shownUrl(url)} has almost stopped sending`, {
      value: shownUrl(url),
      hint: 'run the command again; it resumes the download',
    }),
  )
}

/** E_DISK_FULL before the first byte rather than after the last that fits. */
export async function checkRoom(
  { what }: Pick<DownloadRequest, 'what'>,
  path: string,
  needed: number,
): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path))
  if (needed <= bavail * bsize) return
  throw new PosadaError(
    'E_DISK_FULL',
    `${what} takes ${formatSize(needed)}, and ${dirname(path)} has room for ${formatSize(bavail * bsize)}`,
    { value: dirname(path), hint: 'free some space; posada box prune removes unused boxes' },
  )
}

export function wrongChecksum(
  { url, checksum, what }: DownloadRequest & { checksum: Checksum | null },
  hex: string,
) {
  const wanted = checksum === null ? '' : checksumText(checksum)
  return new PosadaError('E_CHECKSUM', `${what}: ${shownUrl(url)} does not match its checksum`, {
    value: shownUrl(url),
    details: [`expected ${wanted}`, `got      ${checksum?.algorithm ?? 'sha256'}:${hex}`],
    hint: 'the file was changed on the server or on the way; it was not kept',
  })
}
