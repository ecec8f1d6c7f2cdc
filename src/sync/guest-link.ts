import { randomBytes } from 'node:crypto'
import { PosadaError } from '../errors/index.ts'
import type { GuestChannel, GuestShell } from './types.ts'

/** Bytes of a request's text are filled up to this, and what an agent is sent behind it. */
const block = 512
/** Bytes that a shell's payload is filled up to: it reads so much at once by `dd`, and no further. */
const shellBlock = 65_536
/** Bytes of what the guest says on stderr that are kept. */
const heard = 4096

type Payload = AsyncIterable<Buffer> | Buffer

/** Bytes filled up to whole blocks. */
function filled(bytes: Buffer, unit: number, fill: string | number = 0): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (unit - 1), fill)])
}

/**
 * A shell in the guest that carries out one piece of shell text after the other over one channel. Each is answered by what it
 * writes, and a line that a file cannot contain by chance. Once anything went wrong it is of no use any more.
 */
export class GuestLink {
  readonly #channel: GuestChannel
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)
  #said = ''
  #turn: Promise<unknown> = Promise.resolve()
  #failed: unknown
  isAgent = false

  private constructor(channel: GuestChannel) {
    this.#channel = channel
    this.#source = channel.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    channel.stderr.on('data', (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString('latin1')).slice(-heard)
    })
    // What breaks the channel off is seen by whoever reads from it.
    channel.stdin.on('error', () => undefined)
    channel.stderr.on('error', () => undefined)
  }

  /**
   * @param command what says in a line what it is, and reads requests: see guest-agent.ts and guest-script.ts
   * @param program what one that is an agent is sent first
   */
  static async open(
    guest: GuestShell,
    { command, program }: { command: string; program: Buffer },
    signal: AbortSignal,
  ): Promise<GuestLink> {
    const link = new GuestLink(await guest.open(command, signal))
    link.isAgent = (await link.#line()) === 'agent'
    if (link.isAgent) await link.#write(program)
    return link
  }

  /** How many blocks a payload of so many bytes is filled up to. */
  blocksOf(size: number): number {
    return Math.ceil(size / this.#payloadBlock)
  }

  /** Runs a request and returns what it wrote. `payload` is what it reads, in blocks; what is whole goes along with it. */
  async ask(text: string, payload?: Payload): Promise<Buffer> {
    const pieces: Buffer[] = []
    await this.stream(text, payload, async (answer) => {
      for await (const bytes of answer) pieces.push(bytes)
    })
    return Buffer.concat(pieces)
  }

  /** The same for an answer that is read as it comes. */
  async stream(
    text: string,
    payload: Payload | undefined,
    read: (answer: AsyncGenerator<Buffer>) => Promise<void>,
  ): Promise<void> {
    const before = this.#turn
    const own = before.then(() => this.#exchange(text, payload, read))
    this.#turn = own.catch(() => undefined)
    return own
  }

  close(): void {
    this.#failed ??= this.#lost()
    this.#channel.close()
  }

  async #exchange(
    text: string,
    payload: Payload | undefined,
    read: (answer: AsyncGenerator<Buffer>) => Promise<void>,
  ): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed
    try {
      const mark = randomBytes(16).toString('hex')
      const bytes = filled(Buffer.from(text, 'latin1'), block, '\n')
      const head = Buffer.from(`${mark} ${bytes.length / block}\n`)
      const whole = Buffer.isBuffer(payload) ? filled(payload, this.#payloadBlock) : Buffer.alloc(0)
      this.#said = ''
      await this.#write(Buffer.concat([head, bytes, whole]))
      const answer = this.#until(Buffer.from(`\n${mark} `))
      const sending =
        payload === undefined || Buffer.isBuffer(payload) ? Promise.resolve() : this.#send(payload)
      // A failure to send shows in what is read, or is thrown below.
      sending.catch(() => this.#channel.close())
      await read(answer)
      for await (const _ of answer);
      await sending
      const code = await this.#line()
      if (code !== '0') throw this.#wrong(`its shell ended with ${code}`)
    } catch (error) {
      this.#failed = error
      this.#channel.close()
      throw error
    }
  }

  async #send(payload: AsyncIterable<Buffer>): Promise<void> {
    let pieces: Buffer[] = []
    let size = 0
    for await (const bytes of payload) {
      pieces.push(bytes)
      size += bytes.length
      if (size < shellBlock) continue
      const whole = Buffer.concat(pieces)
      const rest = size % shellBlock
      await this.#write(whole.subarray(0, size - rest))
      pieces = [whole.subarray(size - rest)]
      size = rest
    }
    if (size > 0) await this.#write(filled(Buffer.concat(pieces), this.#payloadBlock))
  }

  get #payloadBlock(): number {
    return this.isAgent ? block : shellBlock
  }

  async #write(bytes: Buffer): Promise<void> {
    const { stdin } = this.#channel
    if (stdin.destroyed || stdin.writableEnded) throw this.#lost()
    if (stdin.write(bytes)) return
    await new Promise<void>((resolve, reject) => {
      const done = () => {
        stdin.off('drain', done)
        stdin.off('close', broken)
        stdin.off('error', broken)
        resolve()
      }
      const broken = () => reject(this.#lost())
      stdin.on('drain', done)
      stdin.on('close', broken)
      stdin.on('error', broken)
    })
  }

  async *#until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#rest.indexOf(mark)
      if (at >= 0) {
        const last = this.#rest.subarray(0, at)
        this.#rest = this.#rest.subarray(at + mark.length)
        if (last.length > 0) yield last
        return
      }
      const sure = Math.max(0, this.#rest.length - mark.length)
      if (sure > 0) {
        const ready = this.#rest.subarray(0, sure)
        this.#rest = this.#rest.subarray(sure)
        yield ready
      }
      await this.#more()
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const at = this.#rest.indexOf('\n')
      if (at >= 0) {
        const line = this.#rest.toString('latin1', 0, at)
        this.#rest = this.#rest.subarray(at + 1)
        return line
      }
      if (this.#rest.length > 100) throw this.#wrong('its answer is malformed')
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const next = await this.#source.next().catch(() => ({ done: true, value: undefined }) as const)
    if (next.done === true) throw this.#lost()
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value])
  }

  #lost(): PosadaError {
    return this.#wrong('the connection ended')
  }

  #wrong(why: string): PosadaError {
    const details = Buffer.from(this.#said, 'latin1').toString().trim().split('\n').filter(Boolean).slice(-5)
    return new PosadaError('E_SYNC_GUEST', `syncing failed in the guest: ${why}`, {
      details,
      hint: 'check that the guest is running and has space on its disk: posada exec -- df',
    })
  }
}
