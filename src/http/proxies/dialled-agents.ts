import { type AgentOptions, Agent as PlainAgent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Opens a connection to a host by way of a proxy. */
export type Dial = (to: { host: string; port: number }) => Promise<Socket>

/** Of a proxy that does not answer. */
export function timedOut(): Error {
  return Object.assign(new Error('the proxy does not answer'), { code: 'CONNECT_TIMEOUT' })
}

interface Target {
  host: string
  port: number
  servername?: string
  ca?: string[]
}

/** Agents whose connections are opened by `dial`. */
export function dialledAgents(dial: Dial, options: AgentOptions & { ca?: string[] }) {
  const plain = new PlainAgent(options)
  const secure = new SecureAgent(options)
  const opens = (use: (socket: Socket, target: Target) => Socket) => (target: unknown, done: unknown) => {
    const opened = done as (error: Error | null, socket?: Socket) => void
    const to = target as Target
    dial({ host: to.host, port: Number(to.port) }).then(
      (socket) => opened(null, use(socket, to)),
      (error: Error) => opened(error),
    )
  }
  // Node asks it with a target and a callback; its types know the form that returns a socket.
  Object.assign(plain, { createConnection: opens((socket) => socket) })
  Object.assign(secure, {
    createConnection: opens((socket, { host, servername = host, ca }) =>
      connectTls({
        socket,
        host,
        ...(isIP(servername) === 0 ? { servername } : {}),
        ...(ca === undefined ? {} : { ca }),
      }),
    ),
  })
  return { plain, secure }
}
