import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter, joinFrame } from '../../src/lib/net/framing.ts'

/** The hypervisor's side of a NIC on a switch: it listens, and is joined to whoever connects, as QEMU's is. */
export class Nic {
  readonly frames: Buffer[] = []
  /** Whether it keeps what comes. */
  keeps = true
  /** Frames that came. */
  count = 0
  readonly path: string
  readonly #server: Server
  #socket: Socket | null = null
  #deaf = false

  private constructor(path: string) {
    this.path = path
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async listen(path: string): Promise<Nic> {
    rmSync(path, { force: true })
    const nic = new Nic(path)
    await new Promise<void>((resolve, reject) => nic.#server.once('error', reject).listen(path, resolve))
    return nic
  }

  get linked(): boolean {
    return this.#socket !== null
  }

  send(...frames: Uint8Array[]): void {
    this.#socket?.write(Buffer.concat(frames.map((frame) => joinFrame([frame], frame.length))))
  }

  /** Bytes as they are. */
  sendRaw(bytes: Buffer): void {
    this.#socket?.write(bytes)
  }

  /** Sends what the other end takes; resolves when it has. */
  async sendAll(frame: Uint8Array, count: number): Promise<void> {
    const one = joinFrame([frame], frame.length)
    const many = Buffer.concat(Array.from({ length: 64 }, () => one))
    for (let left = count; left > 0; left -= 64) {
      const isTaken = this.#socket?.write(left >= 64 ? many : many.subarray(0, left * one.length)) ?? true
      if (!isTaken) await new Promise<void>((resolve) => this.#socket?.once('drain', resolve))
    }
  }

  /** Sends these bytes so many times, as fast as the other end takes them; resolves when it has. */
  async pour(bytes: Buffer, times: number): Promise<void> {
    for (let left = times; left > 0; left--) {
      const isTaken = this.#socket?.write(bytes) ?? true
      if (!isTaken) await new Promise<void>((resolve) => this.#socket?.once('drain', resolve))
    }
  }

  /** Stops reading, as a guest that hangs. */
  deafen(): void {
    this.#deaf = true
    this.#socket?.pause()
  }

  listenAgain(): void {
    this.#deaf = false
    this.#socket?.resume()
  }

  hangUp(): void {
    this.#socket?.destroy()
  }

  async close(): Promise<void> {
    this.#socket?.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(socket: Socket): void {
    this.#socket?.destroy()
    this.#socket = socket
    const splitter = new FrameSplitter()
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) =>
      splitter.push(chunk, ({ bytes, start, end }) => {
        // What the services say by themselves when a link comes up is not what tests are about.
        this.count += 1
        if (!this.keeps) return
        const frame = Buffer.from(bytes.subarray(start, end))
        if (frame.readUInt16BE(12) !== 0x86dd) this.frames.push(frame)
      }),
    )
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null
    })
    if (this.#deaf) socket.pause()
  }
}
