import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * A SOCKS 5 proxy on loopback that leads to ports of this computer, by the port that is asked for, and refuses others.
 * `login`: what it asks for, `user:password`; empty: nothing; null: it hangs up. Ends with the test.
 */
export async function socksProxy(
  onFinished: (cleanup: () => Promise<void>) => void,
  { ports, login }: { ports: Record<string, number>; login: string | null },
): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
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
    const onward = connect(to, '127.0.0.1')
    sockets.add(onward.on('error', () => undefined))
    return onward.pipe(socket).pipe(onward)
  }
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    serve(socket).catch(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  )
  return { port: (server.address() as AddressInfo).port, asked }
}
