import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { HttpResponse } from './response.ts'

/** Packed on the way, it would have another length and another checksum. */
export function checkContentEncoding({ headers, url }: HttpResponse): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw new PosadaError(
    'E_TRANSFER',
    `${shownUrl(url)} sends the file compressed (${encoding.slice(0, 40)})`,
    {
      value: shownUrl(url),
      hint: 'it was asked not to; tell the server’s administrator',
    },
  )
}
