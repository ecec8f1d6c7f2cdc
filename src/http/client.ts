import type { Dispatcher } from 'undici'
import { PosadaError } from '../errors/index.ts'
import { within } from '../lib/async/time-limit.ts'
import { isLoopback } from '../lib/net/loopback.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import { percentDecoded } from '../lib/text/percent.ts'
import { agentsOf } from './agents.ts'
import { connectionFailure, mayPass } from './failure.ts'
import { followRedirect } from './redirect.ts'
import { type HttpResponse, responseOf } from './response.ts'
import { type HttpTimeouts, standardTimeouts } from './timeouts.ts'

export interface HttpRequest {
  url: string | URL
  /** GET unless given. Redirects are followed for GET and HEAD only. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH'
  headers?: Record<string, string>
  /** The header of this name; like credentials in the URL it is sent to the URL's own host and no other. */
  authorization?: string
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Allows http:// to other hosts than this computer: what comes is checked against a checksum. */
  plain?: boolean
  signal: AbortSignal
}

export interface HttpClient {
  /**
   * One request, redirects followed; every answer with a status of its own comes back, 404 and 500 too.
   * Credentials are dropped on the way to another host, and https never becomes http. E_TRANSFER.
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
  const agents = agentsOf(env, limits)

  const send = async (request: HttpRequest, url: URL): Promise<HttpResponse> => {
    checkScheme(url, request.plain === true)
    const { method = 'GET', signal, body } = request
    const way = await agents.for(url)
    try {
      const asked = way.send(bare(url), {
        method,
        headers: headersFor(request, url),
        dispatcher: way.agent,
        signal,
        ...(body === undefined ? {} : { body: body as Dispatcher.DispatchOptions['body'] & string }),
      })
      // The library tries for ever where a proxy hangs up on each attempt, and notes an interruption only once
      // it is connected; neither is waited for.
      const answer = await within({ limit: limits.connect + limits.answer, late: () => null, signal }, asked)
      if (answer !== null) return responseOf(answer, url, signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw connectionFailure(error, url.host)
    }
    await agents.drop(way)
    throw noAnswer(url, way.proxy)
  }

  const request = async (first: HttpRequest): Promise<HttpResponse> => {
    const follows = first.method === undefined || first.method === 'GET' || first.method === 'HEAD'
    let { url, ...rest } = { ...first, url: new URL(first.url) }
    for (let redirects = 0; ; redirects++) {
      const response = await send({ ...rest, url }, url)
      const next = follows ? followRedirect(response, url) : null
      if (next === null) return response
      await response.discard()
      if (redirects === redirectLimit) throw endless(first.url)
      if (next.origin !== url.origin) rest = withoutCredentials(rest)
      url = next
    }
  }

  return { request, close: agents.close }
}

function headersFor({ headers = {}, authorization }: HttpRequest, url: URL): Record<string, string> {
  const own = authorization ?? basic(url)
  return {
    'user-agent': 'posada',
    // What is packed on the way has another length and another checksum.
    'accept-encoding': 'identity',
    ...headers,
    ...(own === null ? {} : { authorization: own }),
  }
}

function basic({ username, password }: URL): string | null {
  if (username === '' && password === '') return null
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
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

function noAnswer({ host }: URL, proxy: string | null): PosadaError {
  const by = proxy === null ? '' : ` through the proxy ${new URL(proxy).host}`
  return mayPass(
    new PosadaError('E_TRANSFER', `${host} did not answer${by}`, {
      value: host,
      hint: 'check the network and the proxy settings (HTTPS_PROXY, NO_PROXY), then run the command again',
    }),
  )
}

function endless(url: string | URL): PosadaError {
  return new PosadaError('E_TRANSFER', `${shownUrl(url)} redirects too often`, {
    value: shownUrl(url),
    hint: `${redirectLimit} redirects are followed at most; check the address`,
  })
}
