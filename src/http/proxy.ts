import { PosadaError } from '../errors/index.ts'
import { isLoopback } from '../lib/net/loopback.ts'
import { maskedText } from '../lib/text/masked-text.ts'
import { isExempt } from './no-proxy.ts'

/**
 * The proxy that the environment wants for a URL, null for none: HTTPS_PROXY or HTTP_PROXY by the URL's
 * scheme, then ALL_PROXY, in lower case first; NO_PROXY lists hosts that are reached directly (see `isExempt`).
 * This computer itself is never reached by a proxy. http://, https://, socks5:// or socks5h://.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): string | null {
  const own = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const name = read(env, own) === null ? 'all_proxy' : own
  const written = read(env, name)
  if (written === null || isLoopback(url) || isExempt(url, read(env, 'no_proxy') ?? '')) return null
  const text = written.includes('://') ? written : `http://${written}`
  const proxy = URL.canParse(text) ? new URL(text) : null
  if (proxy !== null && /^(https?|socks5h?):$/.test(proxy.protocol) && proxy.hostname !== '')
    return proxy.href
  throw new PosadaError('E_TRANSFER', `${name.toUpperCase()} is not the address of a usable proxy`, {
    // It may hold a password.
    value: maskedText(text).slice(0, 200),
    hint: 'set it to an address such as http://proxy.example.com:3128 or socks5://proxy.example.com, or list the host in NO_PROXY',
  })
}

function read(env: NodeJS.ProcessEnv, name: string): string | null {
  const value = (env[name] ?? env[name.toUpperCase()] ?? '').trim()
  return value === '' ? null : value
}
