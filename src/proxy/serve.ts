import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Open } from './destination.ts'
import { httpProxy } from './serve-http.ts'
import { serveSocks } from './serve-socks.ts'
import { version as socks5 } from './socks5.ts'

const mostClients = 512
/** Milliseconds for a client to say its first byte. */
const patience = 60_000

export interface ProxyServer {
  port: number
  /** Lets go of the port and of all clients. */
  close(): Promise<void>
}

/**
 * Serves SOCKS 5 and HTTP on one port: which of them a client speaks, its first byte says. Rejects with the
 * system's error where the port is not available.
 */
export async function serveProxy(where: { host: string; port: number }, open: Open): Promise<ProxyServer> {
  const http = httpProxy(open)
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    const timer = setTimeout(() => socket.destroy(), patience)
    socket.once('data', (bytes) => {
      clearTimeout(timer)
      socket.pause()
      socket.unshift(bytes)
      if (bytes[0] === socks5) void serveSocks(socket, open)
      else {
        http.emit('connection', socket)
        socket.resume()
      }
    })
    socket.once('end', () => {
      if (socket.bytesRead === 0) socket.destroy()
    })
    socket.once('close', () => clearTimeout(timer))
  })
  server.maxConnections = mostClients
  server.listen(where)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : where.port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
