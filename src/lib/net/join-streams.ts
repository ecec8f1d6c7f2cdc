import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/**
 * Passes on what comes from either until both have said all; whichever breaks takes the other along. A side that
 * has said all may still hear, so the socket has to allow half-open connections.
 */
export function joinStreams(socket: Socket, stream: Duplex): void {
  stream.on('error', () => socket.destroy())
  stream.once('close', () => socket.destroySoon())
  socket.on('error', () => socket.destroy())
  socket.once('close', () => stream.destroy())
  if (socket.destroyed) stream.destroy()
  socket.pipe(stream).pipe(socket)
}

/** The same for two streams of any kind, each of which ends once both have said all. */
export function joinDuplex(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => from.destroy())
    // What it said last may still be on its way.
    const end = () => to.writableEnded || to.destroy()
    from.once('close', end)
    if (from.destroyed) end()
  }
  one.pipe(other).pipe(one)
}
