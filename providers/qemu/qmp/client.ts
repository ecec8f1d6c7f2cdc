import { connect, type Socket } from 'node:net'
import { PosadaError } from '../../../src/errors/index.ts'
import { sleep } from '../../../src/lib/async/sleep.ts'
import { deadlineIn, within } from '../../../src/lib/async/time-limit.ts'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { sendDescriptors } from '../../../src/lib/native/send-descriptors.ts'
import { encodeCommand, parseQmpLine, type QmpEvent, type QmpMessage, qmpLines } from './codec.ts'

/** Milliseconds between two attempts to connect where too many others wait. */
const retry = 20

export interface QmpOptions {
  /** Milliseconds for the connection, and for each answer. */
  timeout: number
  signal?: AbortSignal
}

interface Waiting {
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
  command: string
}

/**
 * Connects to a machine's QMP socket and is ready for commands. Null: no one listens there. QEMU
 * serves one client at a time and lets others wait, so whoever connects is quick and closes.
 */
export async function connectQmp(path: string, options: QmpOptions): Promise<QmpClient | null> {
  options.signal?.throwIfAborted()
  const socket = await openSocket(path, options.timeout)
  if (socket === null) return null
  const client = new QmpClient(socket, options)
  try {
    await client.negotiate()
    return client
  } catch (error) {
    client.close()
    throw error
  }
}

/** Connects, does `work`, closes. Null where no one listens. */
export async function withQmp<T>(
  path: string,
  options: QmpOptions,
  work: (client: QmpClient) => Promise<T>,
): Promise<T | null> {
  const client = await connectQmp(path, options)
  if (client === null) return null
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

export class QmpClient {
  /** QEMU's version: `7.2.22`. */
  version = ''
  readonly #socket: Socket
  readonly #options: QmpOptions
  readonly #lines = qmpLines()
  readonly #waiting = new Map<number | 'greeting', Waiting>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  #nextId = 1
  #failure: unknown = null

  constructor(socket: Socket, options: QmpOptions) {
    this.#socket = socket
    this.#options = options
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.on('error', (error) => this.#fail(lost(error)))
    socket.on('close', () => this.#fail(lost()))
  }

  /** The greeting, then the way out of negotiation mode: QMP specification, section 4. */
  async negotiate(): Promise<void> {
    this.version = String(await this.#wait('greeting', 'greeting'))
    await this.execute('qmp_capabilities')
  }

  /**
   * What QEMU returned. E_QMP where it refuses, E_QMP_TIMEOUT where it does not answer in time.
   *
   * @param descriptor of ours, for QEMU to have, too
   */
  async execute(command: string, args?: Record<string, unknown>, descriptor?: number): Promise<unknown> {
    this.#options.signal?.throwIfAborted()
    const id = this.#nextId++
    const answer = this.#wait(id, command)
    const line = encodeCommand(id, command, args)
    if (descriptor === undefined) this.#socket.write(line)
    else sendDescriptors(descriptorOf(this.#socket), Buffer.from(line), [descriptor])
    return await answer
  }

  /** Calls `listener` for each event from now on; the function it returns ends that. */
  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#socket.destroy()
  }

  async #wait(key: number | 'greeting', command: string): Promise<unknown> {
    if (this.#failure !== null) throw this.#failure
    const { timeout, signal } = this.#options
    const late = () => {
      throw timedOut(command, timeout)
    }
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(key, { resolve, reject, command })
    })
    try {
      return await within({ limit: timeout, late, signal }, answer)
    } finally {
      this.#waiting.delete(key)
    }
  }

  #receive(bytes: Uint8Array): void {
    try {
      for (const line of this.#lines.push(bytes)) this.#dispatch(parseQmpLine(line))
    } catch (error) {
      this.#fail(error)
      this.#socket.destroy()
    }
  }

  #dispatch(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.#waiting.get('greeting')?.resolve(message.version)
        break
      case 'return':
        if (message.id !== null) this.#waiting.get(message.id)?.resolve(message.value)
        break
      case 'error': {
        const waiting = message.id === null ? undefined : this.#waiting.get(message.id)
        waiting?.reject(refused(waiting.command, message.class, message.description))
        break
      }
      case 'event':
        for (const listener of this.#listeners) listener(message.event)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure)
  }
}

/**
 * A socket file without a listener is what a killed QEMU leaves. EAGAIN: as many clients already
 * wait as the kernel queues, which for QEMU are two.
 */
async function openSocket(path: string, timeout: number): Promise<Socket | null> {
  const deadline = deadlineIn(timeout)
  for (;;) {
    const socket = connect(path)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      })
      return socket
    } catch (error) {
      socket.destroy()
      if (isErrno(error, 'ENOENT', 'ECONNREFUSED', 'ENOTDIR')) return null
      if (!isErrno(error, 'EAGAIN')) throw error
      if (deadline.isOver()) throw timedOut('a connection', timeout)
      await sleep(retry)
    }
  }
}

/** Node tells it nowhere else. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd
}

function lost(cause?: Error): PosadaError {
  return new PosadaError('E_QMP', "the connection to QEMU's control socket was lost", {
    hint: 'check the machine: posada status',
    ...(cause === undefined ? {} : { cause }),
  })
}

function refused(command: string, kind: string, description: string): PosadaError {
  return new PosadaError('E_QMP', `QEMU refused ${command}: ${description}`, { value: kind })
}

function timedOut(command: string, timeout: number): PosadaError {
  return new PosadaError('E_QMP_TIMEOUT', `QEMU did not answer ${command} within ${timeout / 1000} s`, {
    value: command,
    hint: 'the host may be overloaded; posada halt --force cuts the power',
  })
}
