import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { joinStreams } from '../lib/net/join-streams.ts'
import { type Open, parseDestination, type Refusal } from './destination.ts'
import { answerHead, forwardedHeaders } from './http-headers.ts'
import { parseTarget } from './target.ts'

const statusOf: Record<Refusal, number> = { forbidden: 403, absent: 502, refused: 502 }
const reasonOf: Record<number, string> = { 400: 'Bad Request', 403: 'Forbidden', 502: 'Bad Gateway' }

/**
 * The HTTP part of a proxy: `CONNECT host:port`, and requests with an absolute URL (RFC 9110, 9.3.6; RFC 9112,
 * 3.2). It is not told of a port: sockets are given to it with `emit('connection')`.
 */
export function httpProxy(open: Open): Server {
  const server = createServer((req, res) => void passOn(req, res, open))
  server.on('connect', (req, socket, head) => void tunnel({ target: req.url ?? '', socket, head }, open))
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  return server
}

interface Connect {
  target: string
  socket: Duplex
  head: Buffer
}

async function tunnel({ target, socket, head }: Connect, open: Open): Promise<void> {
  socket.on('error', () => socket.destroy())
  const to = parseDestination(target)
  if (to === null) {
    socket.end(answer(400, `CONNECT wants a name and a port, as web:443, not ${JSON.stringify(target)}`))
    return
  }
  const opened = await open(to)
  if ('refused' in opened) {
    socket.end(answer(statusOf[opened.refused], opened.message))
    return
  }
  if (!(socket instanceof Socket)) throw new Error('a client without a socket')
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
  if (head.length > 0) socket.unshift(head)
  joinStreams(socket, opened.stream)
}

function answer(status: number, message: string): string {
  const body = `${message}\n`
  const head = [
    `HTTP/1.1 ${status} ${reasonOf[status]}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

async function passOn(req: IncomingMessage, res: ServerResponse, open: Open): Promise<void> {
  const target = parseTarget(req.url ?? '', req.method ?? 'GET')
  if (target === null) {
    refuse(res, 400, 'this is a proxy: use it from a client, as in curl -x socks5h://HOST:PORT')
    return
  }
  const { 'transfer-encoding': coding = 'chunked' } = req.headers
  if (coding.toLowerCase() !== 'chunked') {
    refuse(res, 501, `this proxy does not support the transfer coding ${JSON.stringify(coding)}`)
    return
  }
  const opened = await open(target.to)
  if ('refused' in opened) {
    refuse(res, statusOf[opened.refused], opened.message)
    return
  }
  const { stream } = opened
  res.once('close', () => stream.destroy())
  const onward = request({
    createConnection: () => stream,
    method: req.method ?? 'GET',
    path: target.path,
    headers: forwardedHeaders(req.rawHeaders, target.authority),
    setHost: false,
    // Takes lines without a carriage return too (RFC 9112, 2.2), as CGI programs write them. The answer gets a frame
    // of its own, and its connection is not used again: what a strict parser guards against cannot come about.
    insecureHTTPParser: true,
  })
  onward.on('response', (back) => {
    const head = answerHead(back)
    if (head === null) {
      back.destroy()
      refuse(res, 502, 'the answer is not HTTP: its header cannot be passed on')
      return
    }
    res.writeHead(head.status, head.reason, head.headers)
    pipeline(back, res).catch(() => res.destroy())
  })
  onward.on('upgrade', (_, socket) => {
    socket.destroy()
    refuse(res, 502, 'the server switched protocols without being asked to')
  })
  onward.on('error', (error) => {
    // After a whole answer it does not matter.
    if (res.writableEnded) return
    if (res.headersSent) res.destroy()
    else refuse(res, 502, `the answer is not HTTP, or was cut short (${error.message})`)
  })
  pipeline(req, onward).catch(() => onward.destroy())
}

function refuse(res: ServerResponse, status: number, message: string): void {
  res.req.resume()
  res.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
  res.end(`${message}\n`)
}
