import { PosadaError } from '../errors/index.ts'
import { isLoopback } from '../lib/net/loopback.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import { basicAuthorization } from './basic.ts'
import { checkContentEncoding } from './content-encoding.ts'
import { exchange } from './exchange.ts'
import { connectionFailure } from './failure.ts'
import { followRedirect } from './redirect.ts'
import { type HttpResponse, responseOf } from './response.ts'
import { type HttpTimeouts, standardTimeouts } from './timeouts.ts'
import { waysOf } from './ways.ts'

export interface HttpRequest {
  url: string | URL
  /** GET unless given. Redirects are followed for GET and HEAD, and with `resend`. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT'
  headers?: Record<string, string>
  /** The header of this name; like credentials in the URL it is sent to the URL's own host and no other. */
  authorization?: string
  body?: string | Uint8Array
  /** Sends method and body again to where a 307 or 308 leads, to another host too: no secret may be in it. */
  resend?: boolean
  /** Allows http:// to other hosts than this computer: what comes is checked against a checksum. */
  plain?: boolean
  signal: AbortSignal
}

export interface HttpClient {
  /**
   * One request, redirects followed; every answer with a status of its own comes back, 404 and 500 too.
   * Credentials are dropped on the way to another host, https never becomes http, and nothing is compressed on
   * the way. E_TRANSFER.
   */
  request(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}

export interface HttpOptions {
  /** For proxies (HTTPS_PROXY, NO_PROXY…) and certificates (SSL_CERT_FILE). */
  env: NodeJS.ProcessEnv
  timeouts?: Partial<HttpTimeouts>
}

const redirectLimit = 10

/** An HTTP client that keeps connections open until it is closed. Any number of requests may run at once. */
export function openHttp({ env, timeouts = {} }: HttpOptions): HttpClient {
  const limits = { ...standardTimeouts, ...timeouts }
  const ways = waysOf(env, limits.connect)

  const send = async (request: HttpRequest, url: URL): Promise<HttpResponse> => {
    checkScheme(url, request.plain === true)
    const { method = 'GET', signal, body } = request
    const way = await ways.for(url)
    try {
      const asking = { url: bare(url), method, headers: headersFor(request, url), body, signal }
      return responseOf(await exchange(way, asking, limits), { url, signal, stall: limits.stall })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw connectionFailure(error, { host: url.host, proxy: way.proxy })
    }
  }

  const request = async (first: HttpRequest): Promise<HttpResponse> => {
    let { url, ...rest } = { ...first, url: new URL(first.url) }
    for (let redirects = 0; ; redirects++) {
      const response = await send({ ...rest, url }, url)
      const next = follows(first, response) ? followRedirect(response, url) : null
      if (next === null) {
        if (response.status >= 200 && response.status < 300) checkContentEncoding(response)
        return response
      }
      await response.discard()
      if (redirects === redirectLimit) throw endless(first.url)
      if (next.origin !== url.origin) rest = withoutCredentials(rest)
      url = next
    }
  }

  return { request, close: async () => ways.close() }
}

/** Other methods become GET where a 301, 302 or 303 leads, which nothing here asks for. RFC 9110, 15.4. */
function follows({ method = 'GET', resend = false }: HttpRequest, { status }: HttpResponse): boolean {
  return method === 'GET' || method === 'HEAD' || (resend && (status === 307 || status === 308))
}

function headersFor({ headers = {}, authorization }: HttpRequest, url: URL): Record<string, string> {
  const own = authorization ?? basicAuthorization(url)
  return {
    'user-agent': 'posada',
    // What is packed on the way has another length and another checksum.
    'accept-encoding': 'identity',
    ...headers,
    ...(own === null ? {} : { authorization: own }),
  }
}

function bare(url: URL): URL {
  const copy = new URL(url)
  copy.username = ''
  copy.password = ''
  copy.hash = ''
  return copy
}

function withoutCredentials<T extends Pick<HttpRequest, 'authorization' | 'headers'>>(request: T): T {
  const { authorization: _, headers = {}, ...rest } = request
  const kept = Object.entries(headers).filter(([name]) => !/^(authorization|cookie|proxy-)/i.test(name))
  return { ...rest, headers: Object.fromEntries(kept) } as T
}

function checkScheme(url: URL, plain: boolean): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (plain || isLoopback(url)))) return
  throw new PosadaError('E_TRANSFER', `${shownUrl(url)} is not fetched: it does not use https`, {
    value: shownUrl(url),
    hint: 'use an https:// address, or give a checksum',
  })
}

function endless(url: string | URL): PosadaError {
  return new PosadaError('E_TRANSFER', `${shownUrl(url)} redirects too often`, {
    value: shownUrl(url),
    hint: `${redirectLimit} redirects are followed at most; check the address`,
  })
}
