import { Socket } from 'node:net'
import { sendDescriptors } from '../../../../src/lib/native/send-descriptors.ts'
import { AnswerReader, encodeRequest, type Request } from './messages.ts'

/** Milliseconds for an answer; a back-end that serves a slow folder finishes what it is at before it answers. */
const patience = 30_000

interface Waiting {
  name: Request
  resolve: (answer: bigint) => void
  reject: (error: Error) => void
}

/**
 * The connection to a process that serves the queues of a device (vhost-user). What it says is not trusted: a guest may
 * have taken it over. Once it has gone, or broken a rule, it is down for good.
 */
export class BackEndConnection {
  readonly #fd: number
  readonly #socket: Socket
  readonly #reader = new AnswerReader()
  readonly #onDown: (reason: string) => void
  #waiting: Waiting | null = null
  #up = true
  #ended = false

  /** @param fd a connected Unix stream socket, this object's from now on */
  constructor(fd: number, onDown: (reason: string) => void) {
    this.#fd = fd
    this.#onDown = onDown
    this.#socket = new Socket({ fd })
    this.#socket.on('data', (chunk) => this.#received(chunk))
    // By writing or reading: the other end is gone.
    this.#socket.on('error', (error) => this.#down(error.message, true))
    this.#socket.on('end', () => this.#down('it has ended', true))
  }

  get up(): boolean {
    return this.#up
  }
  /** Whether it went by itself, and not because it did not do as told. */
  get ended(): boolean {
    return this.#ended
  }

  /** Sends a request that is not answered. */
  tell(name: Request, payload: Uint8Array = new Uint8Array()): void {
    if (this.#up) this.#socket.write(encodeRequest(name, payload, false))
  }

  /** The number that it answers. One request at a time. @throws Error where it is down, or goes down */
  async get(name: Request): Promise<bigint> {
    return await this.#exchange(name, () => this.tell(name))
  }

  /**
   * Has it do something, and waits until that is done; descriptors can be sent before the process is confined only.
   * One request at a time. @throws Error where it refuses, is down, or goes down
   */
  async order(name: Request, payload: Uint8Array, descriptors: readonly number[] = []): Promise<void> {
    const message = encodeRequest(name, payload, true)
    const answer = await this.#exchange(name, () => {
      if (descriptors.length === 0) this.#socket.write(message)
      else sendDescriptors(this.#fd, message, descriptors)
    })
    if (answer !== 0n) this.#down(`it refuses ${name}`)
    if (!this.#up) throw new Error('it refused')
  }

  async #exchange(name: Request, send: () => void): Promise<bigint> {
    if (this.#waiting !== null) throw new Error('a request is waited for already')
    if (!this.#up) throw new Error('it has ended')
    const late = setTimeout(() => this.#down(`it does not answer ${name}`), patience)
    try {
      return await new Promise<bigint>((resolve, reject) => {
        this.#waiting = { name, resolve, reject }
        send()
      })
    } finally {
      clearTimeout(late)
      this.#waiting = null
    }
  }

  #received(chunk: Uint8Array): void {
    try {
      if (this.#waiting === null) throw new Error('it says something unasked')
      const { name, resolve } = this.#waiting
      const answer = this.#reader.push(chunk, name)
      if (answer === null) return
      this.#waiting = null
      resolve(answer)
    } catch (error) {
      this.#down(error instanceof Error ? error.message : String(error))
    }
  }

  #down(reason: string, ended = false): void {
    if (!this.#up) return
    this.#up = false
    this.#ended = ended
    this.#socket.destroy()
    this.#onDown(reason)
    this.#waiting?.reject(new Error(reason))
  }
}
