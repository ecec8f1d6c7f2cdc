import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Only this host gets in. */
export const host = '127.0.0.1'

export interface Caller {
  method: string
  /** As it stands in the request: path and query. */
  url: string
  headers: IncomingHttpHeaders
  /** Whether a WebSocket is asked for. */
  upgrade: boolean
}

export type Verdict =
  | { to: 'refuse'; status: number }
  /** The link was used; what lies behind it is here. */
  | { to: 'enter'; location: string }
  /** Someone who has come by the link: `path` without a slash before it. */
  | { to: 'inside'; path: string; query: URLSearchParams }

/**
 * Who gets in. The link has a token that is good once; it leads to paths that begin with a key that no other has, so
 * that there is no cookie, which a browser would send to every port of this host. A name that was bound to 127.0.0.1
 * elsewhere is refused by its Host, other pages by Origin and Fetch Metadata (W3C, Fetch Metadata Request Headers).
 */
export class Gate {
  readonly token = randomBytes(24).toString('base64url')
  readonly #key = randomBytes(24).toString('base64url')
  readonly #authority: string
  #isUsed = false

  constructor(port: number) {
    this.#authority = `${host}:${port}`
  }

  get origin(): string {
    return `http://${this.#authority}`
  }

  get link(): string {
    return `${this.origin}/?token=${this.token}`
  }

  judge({ method, url, headers, upgrade }: Caller): Verdict {
    if (headers.host !== this.#authority) return { to: 'refuse', status: 421 }
    if (method !== 'GET') return { to: 'refuse', status: 405 }
    if (!this.#isFromHere(headers, upgrade)) return { to: 'refuse', status: 403 }
    const { pathname, searchParams } = new URL(`http://x${url.startsWith('/') ? url : '/'}`)
    const [, key = '', ...rest] = pathname.split('/')
    if (isSame(key, this.#key)) return { to: 'inside', path: rest.join('/'), query: searchParams }
    const token = searchParams.get('token') ?? ''
    if (upgrade || pathname !== '/' || this.#isUsed || !isSame(token, this.token))
      return { to: 'refuse', status: 401 }
    this.#isUsed = true
    return { to: 'enter', location: `/${this.#key}/` }
  }

  #isFromHere({ origin, ...headers }: IncomingHttpHeaders, upgrade: boolean): boolean {
    if (upgrade || origin !== undefined) return origin === this.origin
    const site = headers['sec-fetch-site'] ?? 'none'
    return site === 'none' || site === 'same-origin' || headers['sec-fetch-mode'] === 'navigate'
  }
}

function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}
