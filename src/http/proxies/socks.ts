import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PosadaError } from '../../errors/index.ts'
import { percentDecoded } from '../../lib/text/percent.ts'
import { type Dial, timedOut } from './dialled-agents.ts'

/** Connections through a SOCKS 5 proxy, which looks names up itself. RFC 1928 and 1929. */
export function socksDial(proxy: URL, limit: number): Dial {
  return async ({ host, port }) => {
    const socket = connect({ host: proxy.hostname.replace(/^\[|\]$/g, ''), port: Number(proxy.port || 1080) })
    socket.setTimeout(limit, () => socket.destroy(timedOut()))
    try {
      await once(socket, 'connect')
      await greet(socket, proxy)
      await ask(socket, proxy, { host, port })
      return socket.setTimeout(0).resume()
    } catch (error) {
      socket.destroy()
      throw error
    }
  }
}

async function greet(socket: Socket, proxy: URL): Promise<void> {
  const user = Buffer.from(percentDecoded(proxy.username))
  const password = Buffer.from(percentDecoded(proxy.password))
  const method = user.length === 0 ? 0 : 2
  socket.write(Buffer.from([5, 1, method]))
  const [version, chosen] = await take(socket, 2)
  if (version !== 5) throw refused(proxy, 'it does not speak SOCKS 5')
  if (chosen !== method) throw refused(proxy, 'it asks for another kind of login')
  if (method === 0) return
  socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]))
  const [, status] = await take(socket, 2)
  if (status !== 0) throw refused(proxy, 'user or password is wrong')
}

async function ask(
  socket: Socket,
  proxy: URL,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const name = Buffer.from(host)
  const target = [Buffer.from([5, 1, 0, 3, name.length]), name, Buffer.from([port >> 8, port & 0xff])]
  socket.write(Buffer.concat(target))
  const [, status = 1, , kind, length = 0] = await take(socket, 5)
  if (status !== 0) throw refused(proxy, problems[status] ?? `error ${status}`)
  // The rest of its address, of which one byte has been read, and the port.
  await take(socket, (kind === 1 ? 3 : kind === 4 ? 15 : length) + 2)
}

const problems: Record<number, string> = {
  2: 'its rules do not allow it',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'connection timed out',
}

/** Just so many bytes; what comes behind them is left for the next. */
function take(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0)
    const onData = (bytes: Buffer) => {
      got = Buffer.concat([got, bytes])
      if (got.length < length) return
      socket.off('data', onData).off('error', reject).off('close', onClose).pause()
      if (got.length > length) socket.unshift(got.subarray(length))
      resolve(got.subarray(0, length))
    }
    const onClose = () => reject(Object.assign(new Error('the proxy hung up'), { code: 'ECONNRESET' }))
    socket.on('data', onData).once('error', reject).once('close', onClose).resume()
  })
}

function refused({ host }: URL, why: string): PosadaError {
  return new PosadaError('E_TRANSFER', `the proxy ${host} refused the connection: ${why}`, {
    value: host,
    hint: 'check the proxy settings (ALL_PROXY, HTTPS_PROXY, NO_PROXY)',
  })
}
