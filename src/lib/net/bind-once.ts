import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'

/**
 * Listens on a port of this host and lets go of it again. Returns the port, which for 0 is one that
 * was free. Rejects with the system's error where it is not available: EADDRINUSE, EACCES,
 * EADDRNOTAVAIL. Source: bind(2).
 */
export function bindOnce(protocol: 'tcp' | 'udp', address: string, port: number): Promise<number> {
  return protocol === 'tcp' ? bindTcp(address, port) : bindUdp(address, port)
}

function bindTcp(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address()
      server.close(() =>
        typeof bound === 'object' && bound !== null ? resolve(bound.port) : reject(new Error('no port')),
      )
    })
  })
}

function bindUdp(address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => socket.close(() => reject(error)))
    socket.bind({ address, port, exclusive: true }, () => {
      const bound = socket.address().port
      socket.close(() => resolve(bound))
    })
  })
}
