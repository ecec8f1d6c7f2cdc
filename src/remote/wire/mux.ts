import {
  type ClientHttp2Session,
  createServer,
  connect as http2Connect,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex } from 'node:stream'

// Many streams over one: HTTP/2 (RFC 9113) has the numbering, the flow control of each stream and the cutting short, and
// Node has HTTP/2. Nothing else of it is used: a request is a stream that both sides write to.

/** Bytes on their way in a stream, and in all: enough for a fast line with a round trip of 50 ms. */
const windows = { stream: 1024 * 1024, all: 8 * 1024 * 1024 }
const settings = { initialWindowSize: windows.stream, enablePush: false }

/** The side that opens streams. */
export function muxClient(over: Duplex): ClientHttp2Session {
  const session = http2Connect('http://posada', { createConnection: () => over, settings })
  session.once('connect', () => session.setLocalWindowSize(windows.all))
  session.on('error', () => over.destroy())
  return session
}

/** The stream goes to the other side; each error of it ends it. */
export function openStream(session: ClientHttp2Session): Duplex {
  const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
  stream.on('error', () => stream.destroy())
  return stream
}

/** The side that serves them. */
export function muxServer(over: Duplex, onStream: (stream: Duplex) => void): void {
  const server = createServer({ settings: { ...settings, maxConcurrentStreams: 4096 } })
  server.on('session', (session) => {
    session.setLocalWindowSize(windows.all)
    session.on('error', () => over.destroy())
  })
  server.on('sessionError', () => over.destroy())
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => stream.destroy())
    stream.respond({ ':status': 200 })
    onStream(stream)
  })
  server.emit('connection', over)
}
