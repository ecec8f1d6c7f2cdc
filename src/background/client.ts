import { connect, type Socket } from 'node:net'
import { PosadaError } from '../errors/index.ts'
import { isErrno } from '../lib/errno.ts'
import { encodeRequest, LineDecoder, parseReply } from './codec.ts'

export interface Command {
  name: string
  arguments?: Record<string, unknown>
  /** Milliseconds to wait for the answer. */
  timeout: number
}

/**
 * Sends one command to a background process. Null where nobody listens: it does not run.
 *
 * @throws PosadaError E_CONTROL when it refuses, breaks off or does not answer in time
 */
export async function sendCommand(path: string, command: Command): Promise<unknown> {
  const socket = await open(path)
  if (socket === null) return null
  try {
    return await ask(socket, command)
  } finally {
    socket.destroy()
  }
}

function open(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error) => {
      if (isErrno(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) resolve(null)
      else reject(error)
    })
  })
}

function ask(socket: Socket, { name, arguments: given, timeout }: Command): Promise<unknown> {
  const id = 1
  const decoder = new LineDecoder()
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: unknown) =>
      reject(new PosadaError('E_CONTROL', `${name}: ${message}`, cause === undefined ? {} : { cause }))
    const timer = setTimeout(() => fail(`no answer within ${timeout / 1000} s`), timeout)
    socket.on('error', (error) => fail(error.message, error))
    socket.once('close', () => {
      clearTimeout(timer)
      fail('the connection broke off')
    })
    socket.on('data', (bytes) => {
      try {
        for (const line of decoder.push(bytes)) {
          const reply = parseReply(line)
          if (reply.kind === 'return' && reply.id === id) resolve(reply.value)
          if (reply.kind === 'error' && reply.id === id) fail(reply.message)
        }
      } catch (error) {
        reject(error)
      }
    })
    socket.write(encodeRequest(id, name, given))
  })
}
