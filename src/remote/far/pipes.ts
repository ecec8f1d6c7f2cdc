import type { Duplex } from 'node:stream'
import { LastingPipe } from '../wire/lasting-pipe.ts'
import { readMessage, writeMessage } from '../wire/lines.ts'
import { muxServer } from '../wire/mux.ts'

/** Milliseconds for which what goes on for a host without a connection is kept: a laptop that sleeps over a weekend. */
const patience = 72 * 3600 * 1000
const mostPipes = 100
const nameForm = /^[0-9a-f]{32}$/

/** The pipes to other hosts, each over one connection after another. */
export class Pipes {
  readonly #onStream: (stream: Duplex) => void
  readonly #pipes = new Map<string, LastingPipe>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(onStream: (stream: Duplex) => void) {
    this.#onStream = onStream
  }

  get isEmpty(): boolean {
    return this.#pipes.size === 0
  }

  /** A connection says first which pipe it is for and what was received over that; it is told the same, or `gone`. */
  async take(carrier: Duplex): Promise<void> {
    carrier.on('error', () => carrier.destroy())
    const { pipe: name, received } = (await readMessage(carrier)) ?? {}
    if (typeof name !== 'string' || !nameForm.test(name) || typeof received !== 'number')
      return void carrier.destroy()
    const pipe = this.#pipes.get(name) ?? (received === 0 ? this.#make(name) : null)
    if (pipe === null || !pipe.fits(received)) {
      writeMessage(carrier, { gone: true })
      return void carrier.end()
    }
    clearTimeout(this.#timers.get(name))
    writeMessage(carrier, { received: pipe.received })
    pipe.carry(carrier, received)
    carrier.once('close', () => {
      if (!pipe.isCarried)
        this.#timers.set(
          name,
          setTimeout(() => pipe.destroy(), patience),
        )
    })
  }

  #make(name: string): LastingPipe | null {
    if (this.#pipes.size >= mostPipes) return null
    const pipe = new LastingPipe()
    this.#pipes.set(name, pipe)
    pipe.on('error', () => undefined)
    pipe.once('close', () => {
      clearTimeout(this.#timers.get(name))
      this.#timers.delete(name)
      this.#pipes.delete(name)
    })
    muxServer(pipe, this.#onStream)
    return pipe
  }
}
