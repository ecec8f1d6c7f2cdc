import {
  type ClientRequest,
  Agent as PlainAgent,
  request as plainRequest,
  type RequestOptions,
} from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { trustedAuthorities } from './certificates.ts'
import { type Dial, dialledAgents } from './proxies/dialled-agents.ts'
import { proxyAuthorization, tunnelDial } from './proxies/http-tunnel.ts'
import { socksDial } from './proxies/socks.ts'
import { proxyFor } from './proxy.ts'

/** How to reach a host: directly or by a proxy. */
export interface Way {
  /** Begins a request, whose body is yet to be ended. */
  open(url: URL, options: RequestOptions): ClientRequest
  /** The proxy's host and port. */
  proxy: string | null
}

/** Agents for http and https; they keep connections open. */
export interface Agents {
  plain: PlainAgent
  secure: SecureAgent
}

/** One way for direct connections and one a proxy, made when they are first needed. `limit`: of a proxy, in milliseconds. */
export function waysOf(env: NodeJS.ProcessEnv, limit: number) {
  const ways = new Map<string | null, Promise<Way>>()
  const opened: Agents[] = []
  const make = async (proxy: string | null): Promise<Way> => {
    const ca = await trustedAuthorities(env)
    const tls = ca === null ? {} : { ca }
    const options = { keepAlive: true, ...tls }
    const direct: Agents = { plain: new PlainAgent(options), secure: new SecureAgent(options) }
    opened.push(direct)
    if (proxy === null) return { open: (url, more) => send(url, more, direct), proxy }
    const at = new URL(proxy)
    const isSocks = at.protocol.startsWith('socks')
    const dial: Dial = isSocks ? socksDial(at, limit) : tunnelDial(at, { ...tls, limit })
    const through = dialledAgents(dial, options)
    opened.push(through)
    const open: Way['open'] = (url, more) =>
      isSocks || url.protocol === 'https:'
        ? send(url, more, through)
        : send(at, wholeAddress(url, more, at), direct)
    return { open, proxy: at.host }
  }
  return {
    for: (url: URL): Promise<Way> => {
      const proxy = proxyFor(url, env)
      const way = ways.get(proxy) ?? make(proxy)
      ways.set(proxy, way)
      return way
    },
    close: () => {
      ways.clear()
      for (const { plain, secure } of opened.splice(0)) for (const agent of [plain, secure]) agent.destroy()
    },
  }
}

function send(to: URL, options: RequestOptions, { plain, secure }: Agents): ClientRequest {
  return to.protocol === 'https:'
    ? secureRequest(to, { ...options, agent: secure })
    : plainRequest(to, { ...options, agent: plain })
}

/** A proxy for http is asked for the whole address: many tunnel to the port of https only. RFC 9112, 3.2.2. */
function wholeAddress(url: URL, options: RequestOptions, proxy: URL): RequestOptions {
  const authorization = proxyAuthorization(proxy)
  const headers = { ...options.headers, host: url.host, ...authorization }
  return { ...options, auth: null, path: url.href, headers }
}
