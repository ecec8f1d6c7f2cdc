import { request as ask, createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TappedServer {
  /** `127.0.0.1:PORT`. */
  host: string
  /** Called with each request before it goes on; what it waits for, the server waits for. */
  tap: (request: Pick<IncomingMessage, 'method' | 'url'>) => void | Promise<void>
  stop(): Promise<void>
}

/** Leads all requests on to another server on loopback, and tells of each: `to` is `127.0.0.1:PORT`. */
export async function tappedServer(to: string): Promise<TappedServer> {
  const server = createServer(async (request, response) => {
    // Whoever asked may be gone before it is answered.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    await tapped.tap(request)
    const { method, url, headers } = request
    const onward = ask(`http://${to}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.on('error', () => response.destroy()).pipe(response)
    })
    onward.on('error', () => response.destroy())
    response.on('close', () => onward.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const tapped: TappedServer = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tap: () => undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return tapped
}
