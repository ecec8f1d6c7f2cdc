import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { logLine } from '../../background/index.ts'
import { sleep } from '../../lib/async/sleep.ts'
import { exists } from '../../lib/files/folders.ts'
import { joinDuplex } from '../../lib/net/join-streams.ts'
import { asObject } from '../../lib/values/as-object.ts'
import { encodeError } from '../wire/failures.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import type { LinkConfig, Watched } from './config.ts'
import { HostConnection } from './connection.ts'
import { Watches } from './watch.ts'

/** Milliseconds: without a client or a machine that is watched; and between two looks at that. */
const times = { idle: 600_000, look: 5000 }

/**
 * Keeps the connection to a host until it is told to end, or nothing has used it for a while. Each client of its socket says
 * in a line what it wants: something of this process, or else a stream to the other host, which hears that line.
 */
export async function runLink(config: LinkConfig, signal: AbortSignal, onReady: () => void): Promise<string> {
  const { address, version, env, socket: path } = config
  const connection = new HostConnection({ address, env, version, signal }, logLine)
  const watches = new Watches(() => connection.stream())
  const clients = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket)
    socket.once('close', () => clients.delete(socket))
    socket.on('error', () => socket.destroy())
    void serve(socket, { version, connection, watches })
  })
  await rm(path, { force: true })
  server.listen(path)
  await once(server, 'listening')
  onReady()
  try {
    for (let idle = 0; idle < times.idle; idle += times.look) {
      await sleep(times.look, signal)
      if (clients.size > 0 || !watches.isEmpty) idle = 0
      // No one finds it any more.
      else if (!(await exists(path))) return 'its socket is gone'
    }
    return 'no one has used it for a while'
  } finally {
    server.close()
    connection.close()
  }
}

interface Serving {
  version: string
  connection: HostConnection
  watches: Watches
}

async function serve(socket: Socket, serving: Serving): Promise<void> {
  try {
    const request = await readMessage(socket)
    if (request === null) return void socket.destroy()
    const own = await answerHere(request, serving)
    if (own !== null) {
      writeMessage(socket, { result: own })
      return void socket.end()
    }
    const stream = await serving.connection.stream()
    writeMessage(stream, request)
    joinDuplex(socket, stream)
  } catch (error) {
    writeMessage(socket, { error: encodeError(error) })
    socket.end()
  }
}

/** What this process does itself; null: it is for the other host. */
async function answerHere(
  request: Record<string, unknown>,
  { version, connection, watches }: Serving,
): Promise<object | null> {
  switch (request.do) {
    case 'hello':
      connection.env = asObject(request.env) as Record<string, string>
      return { version, pid: process.pid }
    case 'watch':
      await watches.begin(asObject(request.machine) as unknown as Watched)
      return {}
    case 'unwatch':
      await watches.end(asObject(request.machine) as unknown as Watched)
      return {}
    default:
      return null
  }
}
