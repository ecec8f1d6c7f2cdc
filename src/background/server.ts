import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { isPosadaError } from '../errors/index.ts'
import {
  controlLines,
  encodeError,
  encodeGreeting,
  encodeReturn,
  parseRequest,
  type Request,
} from './codec.ts'

/** What each command does; what it resolves with is the answer. */
export type Handlers = Record<string, (given: Record<string, unknown>) => Promise<unknown>>

export interface ControlServer {
  /** Takes the socket away; connections end once what was written to them is sent, or soon after. */
  close(): Promise<void>
}

/** More than a handful of clients at once is a mistake of somebody's. */
const maxClients = 16

/** Milliseconds that a client may take to read its answers when the process ends. */
const farewell = 1000

/** Listens at `path`, over whatever was left there. Commands of one client are done one after the other. */
export async function serveControl(path: string, handlers: Handlers): Promise<ControlServer> {
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serve(socket, handlers)
  })
  server.maxConnections = maxClients
  await listen(server, path)
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroySoon()
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, farewell)
      await closed
      clearTimeout(timer)
    },
  }
}

function serve(socket: Socket, handlers: Handlers): void {
  const decoder = controlLines()
  let before = Promise.resolve()
  // A client that goes away is not a failure of ours; what it asked for is done all the same.
  socket.on('error', () => socket.destroy())
  socket.write(encodeGreeting())
  socket.on('data', (bytes) => {
    try {
      for (const line of decoder.push(bytes)) {
        const request = parseRequest(line)
        before = before.then(() => answer(socket, handlers, request))
      }
    } catch (error) {
      if (!isPosadaError(error, 'E_CONTROL')) throw error
      socket.destroy()
    }
  })
}

async function answer(socket: Socket, handlers: Handlers, request: Request): Promise<void> {
  const { id, execute } = request
  const handler = Object.hasOwn(handlers, execute) ? handlers[execute] : undefined
  if (handler === undefined) {
    socket.write(encodeError(id, 'E_CONTROL', `there is no command ${execute.slice(0, 100)}`))
    return
  }
  try {
    socket.write(encodeReturn(id, (await handler(request.arguments)) ?? {}))
  } catch (error) {
    const code = isPosadaError(error) ? error.code : 'E_CONTROL'
    socket.write(encodeError(id, code, error instanceof Error ? error.message : String(error)))
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}
