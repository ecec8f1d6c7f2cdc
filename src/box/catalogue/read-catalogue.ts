import { readFile, stat } from 'node:fs/promises'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { expectSuccess, type HttpClient, withRetries } from '../../http/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { type Catalogue, catalogueLimit } from './model.ts'
import { parseCatalogue } from './parse-catalogue.ts'

export interface CatalogueAccess {
  http: HttpClient
  emit: Emit
  signal: AbortSignal
}

/** Reads a catalogue at an https:// address or an absolute path. E_CATALOGUE, E_TRANSFER. */
export async function readCatalogue(at: string, access: CatalogueAccess): Promise<Catalogue> {
  if (at.startsWith('/')) return parseCatalogue(await readBounded(at), undefined, at)
  const { text, url } = await readSmallText(at, access, 'application/json')
  return parseCatalogue(text, url, shownUrl(at))
}

/**
 * A text of a catalogue's size at most from an https:// address, and the address that redirects led to, on which
 * relative addresses in it are laid (RFC 3986, section 5.1.3). E_TRANSFER.
 */
export async function readSmallText(
  url: string,
  { http, emit, signal }: CatalogueAccess,
  accept = '*/*',
): Promise<{ text: string; url: string }> {
  return withRetries({ emit, signal }, async () => {
    const response = await expectSuccess(await http.request({ url, headers: { accept }, signal }))
    return { text: (await response.bytes(catalogueLimit)).toString('utf8'), url: response.url.href }
  })
}

async function readBounded(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= catalogueLimit) return await readFile(path, 'utf8')
    throw unreadable(path, `it has ${size} bytes, and ${catalogueLimit} is the limit`)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'))
      throw unreadable(path, 'it cannot be read', error)
    throw error
  }
}

function unreadable(path: string, why: string, cause?: unknown): PosadaError {
  return new PosadaError('E_CATALOGUE', `${path} is not a catalogue: ${why}`, {
    value: path,
    hint: 'name a catalogue by its path or its https:// address',
    ...(cause === undefined ? {} : { cause }),
  })
}
