import type { AddressInfo, Server, Socket } from 'node:net'

/** What a test calls when it ends: vitest's `onTestFinished`, or `afterAll`. */
export type OnFinished = (cleanup: () => Promise<void>) => void

/** Has a server listen on loopback until a test ends, its connections too; the port. */
export async function listenUntil(onFinished: OnFinished, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onFinished(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  )
  return (server.address() as AddressInfo).port
}

/** Joins two connections, which then end together. */
export function splice(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => undefined).on('close', () => to.destroy())
    from.pipe(to)
  }
}
