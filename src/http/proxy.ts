import { PosadaError } from '../errors/index.ts'
import { isLoopback } from '../lib/net/loopback.ts'
import { maskedText } from '../lib/text/masked-text.ts'

/**
 * The proxy that the environment wants for a URL, null for none: HTTPS_PROXY or HTTP_PROXY by the URL's
 * scheme, then ALL_PROXY, in lower case first; NO_PROXY lists hosts (their subdomains too, with a port
 * or without) that are reached directly, `*` all. This computer itself is never reached by a proxy.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): string | null {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const written = read(env, name) ?? read(env, 'all_proxy')
  if (written === null || isLoopback(url) || isExempt(url, read(env, 'no_proxy') ?? '')) return null
  const text = written.includes('://') ? written : `http://${written}`
  const proxy = URL.canParse(text) ? new URL(text) : null
  if (proxy !== null && /^https?:$/.test(proxy.protocol) && proxy.hostname !== '') return proxy.href
  throw new PosadaError('E_TRANSFER', `${name.toUpperCase()} is not the address of an HTTP proxy`, {
    // It may hold a password.
    value: maskedText(text).slice(0, 200),
    hint: 'set it to an address such as http://proxy.example.com:3128, or list the host in NO_PROXY',
  })
}

function read(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = (env[name] ?? env[name.toUpperCase()] ?? '').trim()
  return value === '' ? null : value
}

function isExempt(url: URL, list: string): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true
    const [, host = '', only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (host === '' || (only !== undefined && only !== port)) return false
    return url.hostname === host || url.hostname.endsWith(`.${host}`)
  })
}
