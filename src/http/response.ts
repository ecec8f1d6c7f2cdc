import type { Dispatcher } from 'undici'
import { PosadaError } from '../errors/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import { connectionFailure, mayPass } from './failure.ts'

export interface HttpResponse {
  /** Where it came from in the end; may hold credentials, so it is shown by `shownUrl` only. */
  url: URL
  status: number
  /** By lower-case name; of those that came several times the first. */
  headers: Record<string, string>
  /** The bytes as they come, once. */
  body: AsyncIterable<Uint8Array>
  /** The whole body, of at most so many bytes, in so many milliseconds; E_TRANSFER for more. */
  bytes(limit: number, within?: number): Promise<Buffer>
  /** Reads no more of it. */
  discard(): Promise<void>
}

export function responseOf(found: Dispatcher.ResponseData, url: URL, signal: AbortSignal): HttpResponse {
  // An error before the first piece is asked for has no one to go to; whoever asks then meets it.
  found.body.on('error', () => undefined)
  const body = pieces(found.body, url, signal)
  return {
    url,
    status: found.statusCode,
    headers: firstOfEach(found.headers),
    body,
    bytes: (limit, within) => collect(body, { limit, within }, url),
    discard: async () => {
      found.body.destroy()
    },
  }
}

/** E_TRANSFER unless the status is one of 200 to 299; one that may pass where the server is at fault. */
export async function expectSuccess(response: HttpResponse): Promise<HttpResponse> {
  const { status, url, headers } = response
  if (status >= 200 && status < 300) return response
  await response.discard()
  const shown = shownUrl(url)
  const error = new PosadaError('E_TRANSFER', `${shown} cannot be fetched: the server answered ${status}`, {
    value: shown,
    hint: hints[status] ?? 'check the address, or try again later',
  })
  const passes = status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501)
  throw passes ? mayPass(error, retryAfter(headers['retry-after'])) : error
}

const hints: Record<number, string> = {
  401: 'it asks for a user and a password: https://USER:PASSWORD@…, preferably from a variable',
  403: 'this user has no access',
  404: 'check the address; it may have been moved or removed',
  407: 'the proxy asks for a user and a password: HTTPS_PROXY=http://USER:PASSWORD@…',
}

/** Milliseconds. Only the form in seconds is understood. RFC 9110, section 10.2.3. */
function retryAfter(value: string | undefined): number {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : 0
}

async function* pieces(body: AsyncIterable<Uint8Array>, url: URL, signal: AbortSignal) {
  try {
    for await (const piece of body) yield piece
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw connectionFailure(error, url.host)
  }
}

/** Milliseconds that a small body may take: a server that drips does not stall. */
const patience = 120_000

async function collect(
  body: AsyncIterable<Uint8Array>,
  { limit, within = patience }: { limit: number; within?: number | undefined },
  url: URL,
): Promise<Buffer> {
  const found: Uint8Array[] = []
  let length = 0
  const begun = performance.now()
  for await (const piece of body) {
    if (performance.now() - begun > within)
      throw new PosadaError('E_TRANSFER', `${shownUrl(url)} took too long for a small file`, {
        value: shownUrl(url),
        hint: 'check the network and the address, then run the command again',
      })
    length += piece.length
    if (length > limit)
      throw new PosadaError('E_TRANSFER', `${shownUrl(url)} is larger than ${limit} bytes`, {
        value: shownUrl(url),
        hint: 'a small file is expected there; check the address',
      })
    found.push(piece)
  }
  return Buffer.concat(found, length)
}

function firstOfEach(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = Array.isArray(value) ? value[0] : value
      return first === undefined ? [] : [[name.toLowerCase(), first]]
    }),
  )
}
