import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, createServer as createSocketServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listenUntil, type OnFinished, splice } from './loopback.ts'

const tls = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'fixtures', 'tls')

/** The file that has to be trusted (SSL_CERT_FILE) for what `webServer` serves with `secure`. */
export const authorityFile = join(tls, 'authority.pem')

export interface WebServer {
  /** `http://127.0.0.1:PORT`, or https. */
  url: string
  port: number
  /** What was asked for, in order: method, path and headers. */
  requests: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[]
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A web server on loopback that ends with the test, its connections too. */
export async function webServer(
  onFinished: OnFinished,
  handler: Handler,
  { secure = false } = {},
): Promise<WebServer> {
  const requests: WebServer['requests'] = []
  const take: Handler = (request, response) => {
    const { method, url, headers } = request
    requests.push({ method, url, headers })
    handler(request, response)
  }
  const server = secure
    ? createSecureServer(
        { key: readFileSync(join(tls, 'server.key')), cert: readFileSync(join(tls, 'server.pem')) },
        take,
      )
    : createServer(take)
  const port = await listenUntil(onFinished, server)
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`, port, requests }
}

/** Answers the first bytes of each connection itself, as a server of HTTP might; its URL. Ends with the test. */
export async function socketServer(
  onFinished: OnFinished,
  answer: (socket: Socket) => void,
): Promise<string> {
  const server = createSocketServer((socket) => socket.once('data', () => answer(socket)))
  return `http://127.0.0.1:${await listenUntil(onFinished, server)}`
}

/** A proxy on loopback that leads every CONNECT to one port of this computer, whatever host was asked for. */
export async function tunnelProxy(
  onFinished: OnFinished,
  port: number,
): Promise<WebServer & { tunnels: { to: string; authorization: string | undefined }[] }> {
  const tunnels: { to: string; authorization: string | undefined }[] = []
  const server = createServer((_, response) => response.writeHead(501).end())
  server.on('connect', (request, socket: Socket) => {
    tunnels.push({ to: request.url ?? '', authorization: request.headers['proxy-authorization'] })
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      splice(onward, socket)
    })
    onward.on('error', () => undefined)
  })
  const at = await listenUntil(onFinished, server)
  return { url: `http://127.0.0.1:${at}`, port: at, requests: [], tunnels }
}

/** Serves one content with ranges and a tag, as a well-behaved server does. RFC 9110, section 14. */
export function serve(content: Buffer, { etag = '"1"' }: { etag?: string | null } = {}): Handler {
  return (request, response) => {
    const headers = { 'accept-ranges': 'bytes', ...(etag === null ? {} : { etag }) }
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
    if (from === undefined || !same) {
      response.writeHead(200, { ...headers, 'content-length': content.length }).end(content)
    } else if (Number(from) >= content.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${content.length}` }).end()
    } else {
      const range = `bytes ${from}-${content.length - 1}/${content.length}`
      const rest = content.subarray(Number(from))
      response.writeHead(206, { ...headers, 'content-range': range, 'content-length': rest.length }).end(rest)
    }
  }
}

/** Serves one content without ranges, in ten pieces over so many milliseconds. */
export function serveSlowly(content: Buffer, ms: number): Handler {
  return (_, response) => {
    response.writeHead(200, { 'content-length': content.length, etag: '"1"' })
    const size = Math.ceil(content.length / 10)
    let sent = 0
    const timer = setInterval(() => {
      response.write(content.subarray(sent, sent + size))
      sent += size
      if (sent < content.length) return
      clearInterval(timer)
      response.end()
    }, ms / 10)
    response.on('close', () => clearInterval(timer))
  }
}
