import { connect, createServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { serveProxy } from '../../src/proxy/serve.ts'
import { listenUntil, type OnFinished } from './loopback.ts'

/**
 * What a machine hears of one request of a client of the proxy, and what the client is told. `answer`: what the machine
 * says to all that it has heard, byte for byte; null: nothing yet.
 */
export async function proxied(
  onFinished: OnFinished,
  request: string,
  answer: (heard: string) => string | null,
): Promise<{ heard: string; told: string }> {
  let heard = ''
  const machine = createServer((socket: Socket) =>
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1')
      const said = answer(heard)
      if (said !== null && socket.writable) socket.end(Buffer.from(said, 'latin1'))
    }),
  )
  const port = await listenUntil(onFinished, machine)
  const proxy = await serveProxy({ host: '127.0.0.1', port: 0 }, async () => ({
    stream: connect({ port, host: '127.0.0.1', allowHalfOpen: true }),
  }))
  onFinished(() => proxy.close())
  const client = connect({ port: proxy.port, host: '127.0.0.1' })
  client.write(request)
  return { told: (await buffer(client)).toString('latin1'), heard }
}
