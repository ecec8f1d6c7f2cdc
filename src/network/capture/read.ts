import { connect, type Socket } from 'node:net'
import { PosadaError } from '../../errors/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { BlockSplitter, missingIn } from './blocks.ts'
import { blockType } from './pcapng.ts'
import { type CaptureRequest, encodeCaptureRequest } from './request.ts'

export interface ReadOptions {
  /** Takes whole blocks of the file; resolves when it can take more. */
  write(bytes: Buffer): Promise<void>
  /** Frames after which it ends; null for no limit. */
  count: number | null
  /** Asks for its end, which is a good one. */
  signal: AbortSignal
}

export interface Captured {
  packets: number
  /** Frames that are missing, for they came faster than they were read. */
  dropped: number
  bytes: number
  /** Whether the network process ended it. */
  broken: boolean
}

/** Milliseconds for the end of the file, from when it was asked for. */
const farewell = 2000

/**
 * Captures from a network process until it ends, the number of frames is reached or the signal asks for
 * it. What is written is a whole pcapng file at any time. Null where no process listens.
 */
export async function readCapture(
  path: string,
  request: CaptureRequest,
  options: ReadOptions,
): Promise<Captured | null> {
  const socket = await open(path)
  if (socket === null) return null
  const captured = { packets: 0, dropped: 0, bytes: 0, broken: false }
  const splitter = new BlockSplitter()
  let asked = false
  let timer: NodeJS.Timeout | undefined
  const finish = () => {
    if (asked) return
    asked = true
    socket.end()
    timer = setTimeout(() => socket.destroy(), farewell)
  }
  options.signal.addEventListener('abort', finish)
  try {
    socket.write(encodeCaptureRequest(request))
    if (options.signal.aborted) finish()
    for await (const chunk of socket) {
      const kept: Buffer[] = []
      for (const block of splitter.push(chunk)) {
        captured.dropped += missingIn(block)
        if (block.type === blockType.packet) {
          if (captured.packets === options.count) continue
          captured.packets += 1
          if (captured.packets === options.count) finish()
        }
        captured.bytes += block.bytes.length
        kept.push(block.bytes)
      }
      if (kept.length > 0) await options.write(Buffer.concat(kept))
    }
  } catch (error) {
    // The process was killed, or took too long to end the file.
    if (!isErrno(error, 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE')) throw error
  } finally {
    options.signal.removeEventListener('abort', finish)
    clearTimeout(timer)
    socket.destroy()
  }
  return { ...captured, broken: !asked }
}

/** Keeps its own side open when the other ends, to tell who ended it. */
function open(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', (cause) => {
      if (isErrno(cause, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) resolve(null)
      else reject(new PosadaError('E_CONTROL', `the capture cannot begin: ${cause.message}`, { cause }))
    })
  })
}
