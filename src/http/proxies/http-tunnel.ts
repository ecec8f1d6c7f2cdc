import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import { PosadaError } from '../../errors/index.ts'
import { basicAuthorization } from '../basic.ts'
import { type Dial, timedOut } from './dialled-agents.ts'

/** Connections through a proxy for HTTP. RFC 9110, 9.3.6. */
export function tunnelDial(proxy: URL, { limit, ...tls }: { ca?: string[]; limit: number }): Dial {
  const request = proxy.protocol === 'https:' ? secureRequest : plainRequest
  return ({ host, port }) =>
    new Promise((resolve, reject) => {
      const path = `${host.includes(':') ? `[${host}]` : host}:${port}`
      const headers = { host: path, ...proxyAuthorization(proxy) }
      const asked = request(proxy, { ...tls, method: 'CONNECT', path, headers, auth: null, agent: false })
      asked.on('connect', ({ statusCode = 0 }, socket: Socket) => {
        socket.setTimeout(0)
        if (statusCode >= 200 && statusCode < 300) return resolve(socket)
        socket.destroy()
        reject(refused(proxy, statusCode))
      })
      asked.on('error', reject)
      asked.setTimeout(limit, () => asked.destroy(timedOut()))
      asked.end()
    })
}

/** What a proxy's address says of who asks. */
export function proxyAuthorization(proxy: URL): { 'proxy-authorization'?: string } {
  const basic = basicAuthorization(proxy)
  return basic === null ? {} : { 'proxy-authorization': basic }
}

function refused({ host }: URL, status: number): PosadaError {
  return new PosadaError('E_TRANSFER', `the proxy ${host} refused the connection (${status})`, {
    value: host,
    hint:
      status === 407
        ? 'it asks for a user and a password: HTTPS_PROXY=http://USER:PASSWORD@…'
        : 'check the proxy settings (HTTPS_PROXY, NO_PROXY)',
  })
}
