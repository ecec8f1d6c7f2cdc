import { PosadaError } from '../../errors/index.ts'
import { expectSuccess, type HttpResponse } from '../../http/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'

/**
 * Throws E_TRANSFER with the registry's own words unless a request was taken. Source: OCI distribution
 * specification 1.1, "Error Codes".
 */
export async function expectDone(response: HttpResponse): Promise<void> {
  const { status, url } = response
  if (status < 400 || status >= 500 || status === 408 || status === 429) {
    await expectSuccess(response)
    return
  }
  const words = wordsOf((await response.bytes(65_536)).toString('utf8'))
  throw new PosadaError('E_TRANSFER', `the registry ${url.host} refused the request (${status})`, {
    value: shownUrl(url),
    details: words,
    hint: words.length > 0 ? 'see what the registry answered' : 'check the address and your permissions',
  })
}

export function wrongSize({ url }: HttpResponse, what: string): PosadaError {
  return new PosadaError('E_CHECKSUM', `${shownUrl(url)} sends ${what}`, {
    value: shownUrl(url),
    hint: 'nothing was kept; run the command again, and if it happens again tell the registry’s administrator',
  })
}

export function wrongDigest({ url }: HttpResponse, expected: string, got: string): PosadaError {
  return new PosadaError('E_CHECKSUM', `${shownUrl(url)} does not match its digest`, {
    value: shownUrl(url),
    details: [`expected ${expected}`, `got      ${got}`],
    hint: 'nothing was kept; run the command again, and if it happens again tell the registry’s administrator',
  })
}

function wordsOf(text: string): string[] {
  try {
    const data = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] } | null
    const errors = Array.isArray(data?.errors) ? data.errors : []
    return errors
      .slice(0, 5)
      .map(({ code, message }) => `${code}: ${message}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 300))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return []
    throw error
  }
}
