import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { PosadaError } from '../errors/index.ts'
import { within } from '../lib/async/time-limit.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import { connectionFailure, mayPass } from './failure.ts'

export interface HttpResponse {
  /** Where it came from in the end; may hold credentials, so it is shown by `shownUrl` only. */
  url: URL
  status: number
  /** By lower-case name; those that came several times as one list with commas. */
  headers: Record<string, string>
  /** The bytes as they come, once. */
  body: AsyncIterable<Uint8Array>
  /** The whole body, of at most so many bytes, in so many milliseconds; E_TRANSFER for more. */
  bytes(limit: number, within?: number): Promise<Buffer>
  /** Stops reading it. */
  discard(): Promise<void>
}

export interface Receiving {
  url: URL
  signal: AbortSignal
  /** Milliseconds between two pieces. */
  stall: number
}

export function responseOf(message: IncomingMessage, receiving: Receiving): HttpResponse {
  // An error before the first piece is asked for has no one to go to; whoever asks then meets it.
  message.on('error', () => undefined)
  const body = pieces(message, receiving)
  const headers = texts(message.headers)
  return {
    url: receiving.url,
    status: message.statusCode ?? 0,
    headers,
    body,
    bytes: (limit, within) => collect(body, { limit, within }, receiving.url),
    discard: async () => {
      // The connection is worth keeping.
      if (Number(headers['content-length'] ?? Number.NaN) <= small) message.resume()
      else message.destroy()
    },
  }
}

/** Bytes that are sooner read than a new connection is opened. */
const small = 64 * 1024

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

async function* pieces(message: IncomingMessage, { url, signal, stall }: Receiving) {
  const late = () => {
    throw Object.assign(new Error('it stopped sending'), { code: 'BODY_TIMEOUT' })
  }
  const source: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await within({ limit: stall, late, signal }, source.next())
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    throw connectionFailure(error, { host: url.host })
  } finally {
    message.destroy()
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

function texts(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const text = Array.isArray(value) ? value[0] : value
      return text === undefined ? [] : [[name, text]]
    }),
  )
}
