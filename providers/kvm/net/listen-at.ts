import { createServer, type Server, type ServerOpts, type Socket } from 'node:net'

/** Listens on a Unix socket at `path`, where there is none. Rejects with the system's error. */
export async function listenAt(
  path: string,
  options: ServerOpts,
  onConnection: (socket: Socket) => void,
): Promise<Server> {
  const server = createServer(options, onConnection)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
  return server
}

/** Resolves when its connections, which are the caller's to end, have ended too. */
export async function closeServer(server: Server | null): Promise<void> {
  if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()))
}
