import type { Socket } from 'node:net'
import type { Channel } from '../ssh/index.ts'
import { encodeFrame, type Frame, FrameDecoder, longestFrame } from './frames.ts'

/** Milliseconds for a client to say what it wants. */
const patience = 5000

/** What a keeper gives to whoever connects: a shell of the guest; null: none any more. */
export type Opener = (credential: string) => Promise<Channel | null>

/** Serves a client until it or its command has ended. */
export function serveChannel(socket: Socket, open: Opener): void {
  const decoder = new FrameDecoder()
  let channel: Channel | null = null
  let isAsked = false
  socket.setTimeout(patience, () => isAsked || socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.once('close', () => channel?.close())
  socket.on('data', (bytes) => {
    try {
      for (const frame of decoder.push(bytes)) take(frame)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      socket.destroy()
    }
  })

  const take = ({ kind, bytes }: Frame) => {
    if (kind === 'open' && !isAsked) {
      isAsked = true
      begin(bytes.toString('latin1'))
    } else if (channel === null) throw new RangeError('not a frame for now')
    // Input that comes behind the command's end is read all the same: a connection that is closed over it takes away
    // what the client has not read yet.
    else if (socket.writableEnded) return
    else if (kind === 'data') {
      const taken = Buffer.alloc(4)
      taken.writeUInt32BE(bytes.length)
      channel.write(bytes, () => {
        if (!socket.writableEnded) socket.write(encodeFrame('taken', taken))
      })
    } else if (kind === 'end') channel.end()
  }

  const begin = async (credential: string) => {
    channel = await open(credential)
    if (channel === null) socket.end()
    else if (socket.destroyed) channel.close()
    else join(socket, channel)
  }
}

function join(socket: Socket, channel: Channel): void {
  const give = (kind: 'data' | 'errorData', bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += longestFrame)
      socket.write(encodeFrame(kind, bytes.subarray(at, at + longestFrame)))
    if (!socket.writableNeedDrain) return
    channel.pause()
    channel.stderr.pause()
  }
  socket.write(encodeFrame('opened'))
  // The command has ended, and its input has not.
  channel.on('error', () => undefined)
  channel.on('data', (bytes: Buffer) => give('data', bytes))
  channel.stderr.on('data', (bytes: Buffer) => give('errorData', bytes))
  socket.on('drain', () => {
    channel.resume()
    channel.stderr.resume()
  })
  channel.once('exit', (...how: unknown[]) =>
    socket.write(encodeFrame('exit', Buffer.from(JSON.stringify(how.slice(0, 2))))),
  )
  channel.once('close', () => socket.end())
  channel.resume()
}
