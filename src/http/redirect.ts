import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { HttpResponse } from './response.ts'

const statuses = [301, 302, 303, 307, 308]

/** Where an answer leads on to; null where it is not a redirect. E_TRANSFER for one that is not allowed. */
export function followRedirect({ status, headers }: HttpResponse, from: URL): URL | null {
  if (!statuses.includes(status)) return null
  const { location } = headers
  if (location === undefined || location.length > 8000 || !URL.canParse(location, from.href))
    throw refused(from, 'a redirect without a valid address')
  const next = new URL(location, from)
  if (next.protocol !== 'https:' && next.protocol !== 'http:')
    throw refused(from, `a redirect to ${next.protocol}//, which is not allowed`)
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw refused(from, `a redirect from https to http (${shownUrl(next)}), which is not allowed`)
  // Credentials of the server's choosing are none of ours.
  if (next.origin !== from.origin) {
    next.username = ''
    next.password = ''
  } else if (next.username === '') {
    next.username = from.username
    next.password = from.password
  }
  return next
}

function refused(from: URL, what: string): PosadaError {
  return new PosadaError('E_TRANSFER', `${shownUrl(from)} answered with ${what}`, {
    value: shownUrl(from),
    hint: 'tell the server’s administrator, or use the final address',
  })
}
