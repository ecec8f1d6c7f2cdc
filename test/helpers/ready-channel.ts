import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A guest's ready channel, on which it says something at once, and answers each line. */
export async function readyChannel(
  first: string,
  answer: (line: string, socket: Socket) => void,
): Promise<() => Promise<Socket>> {
  const folder = await mkdtemp(join(tmpdir(), 'posada-clock-'))
  const path = join(folder, 'ready.sock')
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (text) => answer(String(text), socket))
    socket.write(first)
  })
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return () => dial(path)
}

/** A connection to a Unix socket, as a provider opens one. */
export async function dial(path: string): Promise<Socket> {
  const socket = connect(path)
  await once(socket, 'connect')
  return socket
}
