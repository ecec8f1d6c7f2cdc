import { connect, type Socket } from 'node:net'
import { PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { within } from '../lib/async/time-limit.ts'
import { isErrno } from '../lib/files/errno.ts'
import { controlLines, encodeRequest, parseReply } from './codec.ts'

export interface Command {
  name: string
  arguments?: Record<string, unknown>
  /** Milliseconds to wait for the answer. */
  timeout: number
  /** Ends the waiting for the answer with its reason. */
  signal?: AbortSignal
}

/** What a connection comes to that ends before its answer. */
const brokeOff = Symbol('broke off')
/** Milliseconds for a process that ends to take its socket away. */
const pause = 50

/**
 * Sends one command to a background process. Null where no one listens: it does not run, or was just
 * ending when it was asked.
 *
 * @throws PosadaError E_CONTROL when it refuses, breaks off and goes on, or does not answer in time
 */
export async function sendCommand(path: string, command: Command): Promise<unknown> {
  const answer = await sendOnce(path, command)
  if (answer !== brokeOff) return answer
  await sleep(pause)
  const again = await open(path, command.name)
  if (again === null) return null
  again.destroy()
  throw new PosadaError('E_CONTROL', `${command.name}: the connection broke off`)
}

async function sendOnce(path: string, command: Command): Promise<unknown> {
  const socket = await open(path, command.name)
  if (socket === null) return null
  try {
    return await ask(socket, command)
  } finally {
    socket.destroy()
  }
}

function open(path: string, name: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (cause) => {
      if (isErrno(cause, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) resolve(null)
      else reject(new PosadaError('E_CONTROL', `${name}: ${cause.message}`, { cause }))
    })
  })
}

function ask(socket: Socket, { name, arguments: given, timeout, signal }: Command): Promise<unknown> {
  const id = 1
  const decoder = controlLines()
  const failure = (message: string, cause?: unknown) =>
    new PosadaError('E_CONTROL', `${name}: ${message}`, cause === undefined ? {} : { cause })
  const late = () => {
    throw failure(`no answer within ${timeout / 1000} s`)
  }
  const answer = new Promise<unknown>((resolve, reject) => {
    socket.on('error', (error) => {
      if (isErrno(error, 'ECONNRESET', 'EPIPE')) resolve(brokeOff)
      else reject(failure(error.message, error))
    })
    socket.once('close', () => resolve(brokeOff))
    socket.on('data', (bytes) => {
      try {
        for (const line of decoder.push(bytes)) {
          const reply = parseReply(line)
          if (reply.kind === 'return' && reply.id === id) resolve(reply.value)
          if (reply.kind === 'error' && reply.id === id) reject(failure(reply.message))
        }
      } catch (error) {
        reject(error)
      }
    })
    socket.write(encodeRequest(id, name, given))
  })
  return within({ limit: timeout, late, signal }, answer)
}
