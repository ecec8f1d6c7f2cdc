import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { HttpResponse } from './response.ts'

/**
 * E_TRANSFER for a body that was compressed on the way: it has another length and another checksum. That of a
 * `.gz` is how the file lies there, which some servers call an encoding of it. RFC 9110, 8.4.
 */
export function checkContentEncoding({ headers, url }: Pick<HttpResponse, 'headers' | 'url'>): void {
  const encodings = (headers['content-encoding'] ?? '').toLowerCase().split(/[\s,]+/)
  const own = /\.t?gz$/i.test(url.pathname) ? ['gzip', 'x-gzip'] : []
  const other = encodings.find((one) => one !== '' && one !== 'identity' && !own.includes(one))
  if (other === undefined) return
  throw new PosadaError('E_TRANSFER', `${shownUrl(url)} sends the file compressed (${other.slice(0, 40)})`, {
    value: shownUrl(url),
    hint: 'it was asked not to; tell the server’s administrator',
  })
}
