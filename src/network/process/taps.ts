import { rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { asObject } from '../../background/codec.ts'
import { pcapngDrops, pcapngFrame, pcapngHeader } from '../capture/pcapng.ts'

/** Bytes kept for a reader that is slow; what comes then is missing, and counted. */
const mostUnsent = 8 * 1024 * 1024
const longestRequest = 4096
const mostReaders = 8

export interface CaptureRequest {
  network: string
  /** Only what this machine sends. */
  machine: string | null
}

/** The machines of a network whose frames can be captured; null where there is no such network. */
export type MachinesOf = (network: string) => readonly string[] | null

/**
 * Serves captures over a Unix socket: whoever connects sends a CaptureRequest as a line of JSON, and is
 * sent a pcapng file that goes on until one side ends it.
 */
export class Taps {
  readonly #machinesOf: MachinesOf
  readonly #server: Server
  readonly #taps = new Set<Tap>()

  private constructor(machinesOf: MachinesOf) {
    this.#machinesOf = machinesOf
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = mostReaders
  }

  static async listen(path: string, machinesOf: MachinesOf): Promise<Taps> {
    const taps = new Taps(machinesOf)
    await rm(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      taps.#server.once('error', reject)
      taps.#server.listen(path, resolve)
    })
    return taps
  }

  frame(network: string, machine: string, bytes: Buffer, start: number, end: number): void {
    for (const tap of this.#taps) tap.frame(network, machine, bytes.subarray(start, end))
  }

  /** Whether anybody listens; asked for each frame. */
  get any(): boolean {
    return this.#taps.size > 0
  }

  async close(): Promise<void> {
    for (const tap of this.#taps) tap.end()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    let asked = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      asked += bytes.toString()
      const end = asked.indexOf('\n')
      if (asked.length > longestRequest) socket.destroy()
      else if (end >= 0) {
        socket.removeAllListeners('data').resume()
        this.#begin(socket, asked.slice(0, end))
      }
    })
  }

  #begin(socket: Socket, line: string): void {
    const request = parseRequest(line)
    const machines = request === null ? null : this.#machinesOf(request.network)
    if (request === null || machines === null) {
      socket.destroy()
      return
    }
    const wanted = machines.filter((machine) => request.machine === null || request.machine === machine)
    const tap = new Tap(socket, request.network, wanted)
    this.#taps.add(tap)
    socket.once('close', () => this.#taps.delete(tap))
  }
}

class Tap {
  readonly #socket: Socket
  readonly #network: string
  readonly #numbers: Map<string, number>
  readonly #drops = new Map<number, number>()

  constructor(socket: Socket, network: string, machines: readonly string[]) {
    this.#socket = socket
    this.#network = network
    this.#numbers = new Map(machines.map((machine, index) => [machine, index]))
    const interfaces = machines.map((name) => ({ name, description: `what ${name} sends on ${network}` }))
    socket.write(pcapngHeader(interfaces))
    // Whoever has heard enough closes its side, and is then told what is missing.
    socket.once('end', () => this.end())
  }

  frame(network: string, machine: string, frame: Buffer): void {
    const number = network === this.#network ? this.#numbers.get(machine) : undefined
    if (number === undefined) return
    if (this.#socket.writableLength > mostUnsent) this.#drops.set(number, (this.#drops.get(number) ?? 0) + 1)
    else this.#socket.write(pcapngFrame(number, Date.now(), frame))
  }

  end(): void {
    if (this.#socket.writableEnded) return
    for (const [number, drops] of this.#drops) this.#socket.write(pcapngDrops(number, Date.now(), drops))
    this.#socket.end()
  }
}

function parseRequest(line: string): CaptureRequest | null {
  try {
    const { network, machine } = asObject(JSON.parse(line))
    if (typeof network !== 'string') return null
    return { network, machine: typeof machine === 'string' ? machine : null }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
