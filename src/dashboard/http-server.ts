import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { isErrno } from '../lib/files/errno.ts'
import { Gate, host } from './gate.ts'

export interface ServerOptions {
  /** The folder with the page's files. */
  pages: string
  /** Null: any that is free. */
  port: number | null
  /** Takes a WebSocket of someone who was let in. False: there is not such a place. */
  onSocket(socket: WebSocket, path: string, query: URLSearchParams): boolean
  /** Answers what is not a file of the page. False: there is not such a place. */
  onRequest(response: ServerResponse, path: string, query: URLSearchParams): boolean
}

export interface DashboardServer {
  link: string
  close(): Promise<void>
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

/** Bytes of a message from a page, and connections at once, at most. */
const limits = { message: 1024 * 1024, connections: 128 }

/** Serves the page and its WebSockets on a port of the loopback; whom, `Gate` says. */
export async function serve(options: ServerOptions): Promise<DashboardServer> {
  const server = createServer({ requestTimeout: 10_000 })
  server.maxConnections = limits.connections
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, host, resolve)
  })
  const gate = new Gate((server.address() as AddressInfo).port)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.message,
    perMessageDeflate: false,
  })
  server.on('request', (request, response) => {
    void answer(request, response, { gate, options }).catch(() => response.destroy())
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const verdict = gate.judge(callerOf(request, true))
    if (verdict.to !== 'inside') return refuse(socket, verdict.to === 'refuse' ? verdict.status : 401)
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('error', () => opened.terminate())
      if (!options.onSocket(opened, verdict.path, verdict.query)) opened.close(1008)
    })
  })
  return {
    link: gate.link,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function callerOf({ method = '', url = '', headers }: IncomingMessage, upgrade: boolean) {
  return { method, url, headers, upgrade }
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { gate, options }: { gate: Gate; options: ServerOptions },
): Promise<void> {
  const verdict = gate.judge(callerOf(request, false))
  const nonce = randomBytes(16).toString('base64')
  response.setHeaders(new Map(Object.entries(headersFor(gate.origin, nonce))))
  if (verdict.to === 'refuse') return end(response, verdict.status)
  if (verdict.to === 'enter') return end(response.setHeader('Location', verdict.location), 303)
  const { path, query } = verdict
  if (options.onRequest(response, path, query)) return
  const name = path === '' ? 'index.html' : path
  const file = await fileOf(options.pages, name)
  if (file === null) return end(response, 404)
  response.setHeader('Content-Type', types[extname(name)] ?? 'application/octet-stream')
  response.end(path === '' ? file.toString('utf8').replaceAll('NONCE', nonce) : file)
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end()
}

/** What of the page's files has this name; they lie in one folder. */
async function fileOf(folder: string, name: string): Promise<Buffer | null> {
  if (!/^\w[\w.-]{0,100}$/.test(name)) return null
  try {
    return await readFile(join(folder, name))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/**
 * Nothing from elsewhere is loaded, run, framed or kept (Content Security Policy Level 3). The terminal and the display
 * make style elements of their own, which the page gives its nonce.
 */
function headersFor(origin: string, nonce: string): Record<string, string> {
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data: blob:",
    'connect-src': `'self' ${origin.replace('http', 'ws')}`,
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    'require-trusted-types-for': "'script'",
  }
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map((entry) => entry.join(' '))
      .join('; '),
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  }
}
