import type { Socket } from 'node:net'
import { Duplex, Readable } from 'node:stream'
import type { Channel } from '../ssh/index.ts'
import { encodeFrame, type Frame, type FrameDecoder } from './frames.ts'

/** Bytes of input on their way that the guest has not taken; behind them the writer waits. */
const window = 256 * 1024
const piece = 64 * 1024

/** A command's streams, over the socket of a keeper that has opened it. A slow reader holds the guest's command up. */
export class KeptChannel extends Duplex implements Channel {
  readonly stderr: Readable
  readonly #socket: Socket
  readonly #decoder: FrameDecoder
  /** Those whose reader is behind. */
  readonly #full = new Set<Readable>()
  #isOver = false
  #underway = 0
  #waiting: { chunk: Buffer; done: (error?: Error) => void } | null = null

  constructor(socket: Socket, decoder: FrameDecoder) {
    super({ emitClose: false, autoDestroy: false })
    this.#socket = socket
    this.#decoder = decoder
    const stderr = new Readable({ read: () => this.#wanted(stderr) })
    this.stderr = stderr
    socket.on('data', (bytes) => this.#receive(bytes))
    socket.once('close', () => this.#ended())
    socket.on('error', () => socket.destroy())
  }

  override _read(): void {
    this.#wanted(this)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#waiting = { chunk, done }
    this.#send()
  }

  override _final(done: () => void): void {
    this.#socket.write(encodeFrame('end'))
    done()
  }

  close(): void {
    this.#socket.destroy()
  }

  #send(): void {
    while (this.#waiting !== null && (this.#underway < window || this.#isOver)) {
      const { chunk, done } = this.#waiting
      const now = chunk.subarray(0, piece)
      this.#underway += now.length
      this.#socket.write(encodeFrame('data', now))
      this.#waiting = chunk.length > now.length ? { chunk: chunk.subarray(now.length), done } : null
      if (this.#waiting === null) done()
    }
  }

  #receive(bytes: Buffer): void {
    try {
      for (const frame of this.#decoder.push(bytes)) this.#take(frame)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#socket.destroy()
    }
  }

  #take({ kind, bytes }: Frame): void {
    if (kind === 'data') this.#give(this, bytes)
    if (kind === 'errorData') this.#give(this.stderr, bytes)
    if (kind === 'taken') {
      this.#underway -= bytes.readUInt32BE()
      this.#send()
    }
    if (kind === 'exit') this.emit('exit', ...(JSON.parse(bytes.toString()) as unknown[]))
  }

  #give(stream: Readable, bytes: Buffer): void {
    if (stream.push(bytes)) return
    this.#full.add(stream)
    this.#socket.pause()
  }

  #wanted(stream: Readable): void {
    this.#full.delete(stream)
    if (this.#full.size === 0) this.#socket.resume()
  }

  /** `close` comes when all was read, also where it was read late. */
  #ended(): void {
    this.#isOver = true
    // Input that is left over does not make the command fail, as over SSH itself.
    this.#send()
    this.push(null)
    this.stderr.push(null)
    const ends = [this, this.stderr].map(
      (stream) => stream.readableEnded || new Promise((resolve) => stream.once('end', resolve)),
    )
    Promise.all(ends).then(() => this.emit('close'))
  }
}
