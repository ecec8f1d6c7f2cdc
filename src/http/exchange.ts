import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { isErrno } from '../lib/files/errno.ts'
import type { HttpTimeouts } from './timeouts.ts'
import type { Way } from './ways.ts'

export interface Exchange {
  url: URL
  method: string
  headers: Record<string, string>
  body: string | Uint8Array | undefined
  signal: AbortSignal
}

/** Bytes of the answer's header. */
const headerLimit = 32 * 1024

/**
 * Sends a request; resolves with the beginning of its answer. Asks again where a connection that was kept open had
 * just been closed by the other side.
 */
export async function exchange(way: Way, asking: Exchange, limits: HttpTimeouts): Promise<IncomingMessage> {
  for (;;) {
    const answer = await once(way, asking, limits)
    if (answer !== 'stale') return answer
  }
}

function once(
  way: Way,
  { url, method, headers, body, signal }: Exchange,
  { connect, answer }: HttpTimeouts,
): Promise<IncomingMessage | 'stale'> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const asked = way.open(url, { method, headers, maxHeaderSize: headerLimit })
    const end = (error: unknown) => {
      reject(error)
      asked.destroy()
    }
    const tooLate = (code: string) => end(Object.assign(new Error('no answer in time'), { code }))
    const onAbort = () => end(signal.reason)
    signal.addEventListener('abort', onAbort)
    let timer = setTimeout(tooLate, connect, 'CONNECT_TIMEOUT')
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const connected = () => {
      clearTimeout(timer)
      timer = setTimeout(tooLate, answer, 'ANSWER_TIMEOUT')
    }
    asked.once('socket', (socket) => {
      // A TLS socket that a tunnel gives is connected, and not yet secure.
      const { connecting, secureConnecting = false } = socket as Socket & { secureConnecting?: boolean }
      if (connecting || secureConnecting)
        socket.once('encrypted' in socket ? 'secureConnect' : 'connect', connected)
      else connected()
    })
    asked.once('response', resolve)
    // It stays: what goes wrong behind the answer is met by whoever reads that.
    asked.on('error', (error) => {
      if (asked.reusedSocket && isErrno(error, 'ECONNRESET', 'EPIPE')) resolve('stale')
      else reject(error)
    })
    for (const event of ['response', 'error', 'close']) asked.once(event, settle)
    asked.end(body)
  })
}
