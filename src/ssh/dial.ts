import { once } from 'node:events'
import type { Socket } from 'node:net'

/** Where a stream to a machine's SSH server begins. */
export interface SshEndpoint {
  /** With `vsock` a mere name. */
  host: string
  port: number
  /**
   * A Unix socket that leads to the guest's vsock ports, where no port of the host leads to its SSH server: who
   * connects says `CONNECT <port>`, is told `OK <number>`, each a line, and is joined to the guest. Source:
   * Firecracker, docs/vsock.md.
   */
  vsock?: string
}

/** `OK `, a port of 32 bits and the line's end. */
const longestAnswer = 32

/**
 * Connects the socket. Over vsock it is left paused, with the guest's first bytes unread.
 *
 * @throws Error when the connection is refused, or the guest does not listen on the port
 */
export async function dial(socket: Socket, { host, port, vsock }: SshEndpoint): Promise<void> {
  socket.connect(vsock === undefined ? { host, port } : { path: vsock })
  await once(socket, 'connect')
  if (vsock !== undefined) await askFor(socket, port)
}

function askFor(socket: Socket, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const settle = (failure?: Error) => {
      socket.pause()
      socket.removeListener('data', read)
      socket.removeListener('close', closed)
      socket.removeListener('error', settle)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    const closed = () => settle(new Error(`nothing listens on port ${port} of the guest's vsock`))
    const read = (bytes: Buffer) => {
      answer += bytes.toString('latin1')
      const end = answer.indexOf('\n')
      if (end === -1 && answer.length <= longestAnswer) return
      if (!/^OK \d+$/.test(answer.slice(0, Math.max(end, 0)))) {
        settle(new Error('what answers at its vsock is not a hypervisor'))
        return
      }
      settle()
      const early = Buffer.from(answer.slice(end + 1), 'latin1')
      if (early.length > 0) socket.unshift(early)
    }
    socket.on('data', read)
    socket.once('close', closed)
    socket.once('error', settle)
    socket.write(`CONNECT ${port}\n`)
  })
}
