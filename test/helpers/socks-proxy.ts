import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listenUntil, type OnFinished, splice } from './loopback.ts'

/**
 * A SOCKS 5 proxy on loopback that leads to ports of this computer, by the port that is asked for, and refuses others.
 * `login`: what it asks for, `user:password`; empty: nothing; null: it hangs up. Ends with the test.
 */
export async function socksProxy(
  onFinished: OnFinished,
  { ports, login }: { ports: Record<string, number>; login: string | null },
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const serve = async (socket: Socket) => {
    if (login === null) return socket.destroy()
    const [greeting] = (await once(socket, 'data')) as [Buffer]
    socket.write(Buffer.from([5, greeting[2] ?? 0]))
    if (greeting[2] === 2) {
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      const length = bytes[1] ?? 0
      const shown = `${bytes.toString('utf8', 2, 2 + length)}:${bytes.toString('utf8', 3 + length)}`
      socket.write(Buffer.from([1, shown === login ? 0 : 1]))
      if (shown !== login) return socket.end()
    }
    const [request] = (await once(socket, 'data')) as [Buffer]
    const host = request.toString('utf8', 5, 5 + (request[4] ?? 0))
    const port = request.readUInt16BE(request.length - 2)
    const to = ports[String(port)]
    // In several writes, as a network might deliver it.
    socket.write(Buffer.from([5]))
    socket.write(Buffer.from([to === undefined ? 2 : 0, 0, 1, 127, 0, 0, 1]))
    socket.write(Buffer.from([0, 80]))
    if (to === undefined) return socket.end()
    asked.push(`${host}:${port}`)
    return splice(connect(to, '127.0.0.1'), socket)
  }
  const server = createServer((socket) => void serve(socket).catch(() => socket.destroy()))
  return { port: await listenUntil(onFinished, server), asked }
}
