import type { Dispatcher } from 'undici'
import { wholeModule } from '../lib/native/whole-module.ts'
import { trustedAuthorities } from './certificates.ts'
import { proxyFor } from './proxy.ts'
import type { HttpTimeouts } from './timeouts.ts'

/** How to reach a host: directly or by a proxy (its address). */
export interface Way {
  send: typeof import('undici').request
  agent: Dispatcher
  proxy: string | null
}

/** One agent for direct connections and one a proxy, made when they are first needed. */
export function agentsOf(env: NodeJS.ProcessEnv, timeouts: HttpTimeouts) {
  const agents = new Map<string | null, Promise<Way>>()
  const open = async (proxy: string | null): Promise<Way> => {
    // Loading it takes longer than most commands run, and few of them download.
    const undici = wholeModule(await import('undici'))
    const ca = await trustedAuthorities(env)
    const tls = ca === null ? {} : { ca }
    const options = {
      connect: { ...tls, timeout: timeouts.connect },
      headersTimeout: timeouts.answer,
      bodyTimeout: timeouts.stall,
      maxHeaderSize: 32 * 1024,
    }
    const agent =
      proxy === null
        ? new undici.Agent(options)
        : new undici.ProxyAgent({ ...options, uri: proxy, requestTls: tls, proxyTls: tls, proxyTunnel: true })
    return { send: undici.request, agent, proxy }
  }
  return {
    for: (url: URL) => {
      const proxy = proxyFor(url, env)
      const agent = agents.get(proxy) ?? open(proxy)
      agents.set(proxy, agent)
      return agent
    },
    drop: async ({ agent, proxy }: Way) => {
      agents.delete(proxy)
      await agent.destroy()
    },
    close: async () => {
      const opened = await Promise.allSettled(agents.values())
      agents.clear()
      for (const one of opened) if (one.status === 'fulfilled') await one.value.agent.destroy()
    },
  }
}
