import type { Socket } from 'node:net'
import { joinStreams } from '../lib/net/join-streams.ts'
import type { Open } from './destination.ts'
import { chooseMethod, encodeReply, type Read, readGreeting, readRequest, reply } from './socks5.ts'

/** A greeting with all methods, or a request with the longest name. */
const longestMessage = 512
/** Milliseconds for a client to say what it wants. */
const patience = 10_000

/** Serves one client, whose socket is paused. */
export async function serveSocks(socket: Socket, open: Open): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), patience)
  const wanted = await negotiate(socket)
  clearTimeout(timer)
  if (wanted === null) {
    socket.destroySoon()
    return
  }
  if ('unknown' in wanted) {
    socket.end(encodeReply(wanted.unknown))
    return
  }
  const opened = await open(wanted)
  if ('refused' in opened) {
    socket.end(encodeReply(reply[opened.refused]))
    return
  }
  socket.write(encodeReply(reply.done))
  joinStreams(socket, opened.stream)
}

async function negotiate(socket: Socket) {
  const greeting = await read(socket, readGreeting)
  if (greeting === null) return null
  const { answer, ok } = chooseMethod(greeting.methods)
  socket.write(answer)
  return ok ? read(socket, readRequest) : null
}

/** One message; what comes behind it stays unread. Null where it is none, or the client has gone. */
function read<T>(socket: Socket, parse: (bytes: Buffer) => Read<T>): Promise<T | null> {
  let held: Buffer = Buffer.alloc(0)
  return new Promise((resolve) => {
    const settle = (value: T | null, rest: Buffer) => {
      socket.pause()
      socket.off('data', take).off('end', gone).off('close', gone)
      if (rest.length > 0) socket.unshift(rest)
      resolve(value)
    }
    const gone = () => settle(null, Buffer.alloc(0))
    const take = (bytes: Buffer) => {
      held = Buffer.concat([held, bytes])
      const found = parse(held)
      if (typeof found === 'object') settle(found.value, held.subarray(found.used))
      else if (found === 'wrong' || held.length > longestMessage) settle(null, Buffer.alloc(0))
    }
    socket.on('data', take).once('end', gone).once('close', gone)
    socket.resume()
  })
}
