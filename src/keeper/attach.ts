import { connect } from 'node:net'
import { within } from '../lib/async/time-limit.ts'
import type { Channel } from '../ssh/index.ts'
import { encodeFrame, FrameDecoder } from './frames.ts'
import { KeptChannel } from './kept-channel.ts'

/** Milliseconds for a guest's shell to begin; nothing runs in it before it has, so another way may be taken. */
const usualPatience = 2000

interface AttachOptions {
  /** The keeper's. */
  socket: string
  credential: string
  /** Instead of the usual. */
  patience?: number | undefined
  signal?: AbortSignal | undefined
}

/**
 * A shell of the guest, given out by the keeper that listens at the socket, of the first line of its input. Null where none
 * does, or the guest gives it none in time: its connection is dead, it has too many commands, a login has changed.
 */
export async function attach(options: AttachOptions): Promise<Channel | null> {
  const { credential, patience = usualPatience, signal } = options
  const socket = connect({ path: options.socket })
  const opened = new Promise<Channel | null>((resolve) => {
    const decoder = new FrameDecoder()
    const refused = () => resolve(null)
    socket.on('error', refused)
    socket.once('close', refused)
    socket.once('data', (bytes: Buffer) => {
      socket.pause()
      socket.removeListener('error', refused)
      socket.removeListener('close', refused)
      resolve(isOpened(decoder, bytes) ? new KeptChannel(socket, decoder) : null)
    })
    socket.write(encodeFrame('open', Buffer.from(credential)))
  })
  let channel: Channel | null = null
  try {
    channel = await within({ limit: patience, late: () => null, signal }, opened)
    return channel
  } finally {
    if (channel === null) socket.destroy()
  }
}

/** The keeper says nothing else before the client does. */
function isOpened(decoder: FrameDecoder, bytes: Buffer): boolean {
  try {
    const [first, ...more] = decoder.push(bytes)
    return first?.kind === 'opened' && more.length === 0
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
