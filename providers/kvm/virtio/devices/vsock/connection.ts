import type { Socket } from 'node:net'
import { GatheredWrites } from '../../../net/gathered-writes.ts'
import { shutdownFlags, vsockOp } from './packet.ts'

/** Room for data of the guest that the host's end has not read yet. */
export const roomForGuest = 256 * 1024
/** Bytes read ahead from the host's end for a guest that has no room. */
const readAhead = 64 * 1024

/** What a connection asks of the device. */
export interface ConnectionEvents {
  /** Has a packet for the guest: data, or one of the operations. */
  send(connection: Connection, op: number, flags?: number): void
  /** Has data that the guest has room for. */
  ready(connection: Connection): void
  /** Forget it. */
  gone(connection: Connection): void
}

/**
 * One stream between a port of the guest and a Unix socket of the host, with the credit of both directions
 * (virtio 1.2, §5.10.6.3): neither sends more than the other has room for.
 */
export class Connection {
  readonly guestPort: number
  readonly hostPort: number
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #toHost: GatheredWrites
  #unsent: Buffer[] = []
  #unsentLength = 0
  #hostEnded = false
  #guestRoom = 0
  #guestForwarded = 0
  #sent = 0
  #received = 0
  #forwarded = 0
  #told = 0

  constructor(options: { guestPort: number; hostPort: number; socket: Socket; events: ConnectionEvents }) {
    this.guestPort = options.guestPort
    this.hostPort = options.hostPort
    this.#socket = options.socket
    this.#events = options.events
    this.#toHost = new GatheredWrites(options.socket, (length) => this.#passedOn(length))
  }

  /** The other end agreed: bytes of the host flow from now on. */
  open(): void {
    const socket = this.#socket
    socket.on('data', (bytes) => {
      this.#unsent.push(bytes)
      this.#unsentLength += bytes.length
      if (this.#unsentLength >= readAhead) socket.pause()
      this.#events.ready(this)
    })
    socket.on('end', () => {
      this.#hostEnded = true
      this.#tellOfEnd()
    })
    socket.on('close', () => {
      if (!this.#hostEnded) this.#events.send(this, vsockOp.reset)
      this.#events.gone(this)
    })
    socket.resume()
  }

  /** For the header of every packet to the guest. */
  get forwarded(): number {
    return this.#forwarded
  }

  /** Bytes that may go to the guest now. */
  get sendable(): number {
    const onTheWay = (this.#sent - this.#guestForwarded) >>> 0
    return Math.max(0, Math.min(this.#unsentLength, this.#guestRoom - onTheWay))
  }

  /** Takes up to `most` bytes that are on their way to the guest now. */
  take(most: number): Buffer {
    const all = Buffer.concat(this.#unsent)
    const bytes = all.subarray(0, Math.min(most, this.sendable))
    const rest = all.subarray(bytes.length)
    this.#unsent = rest.length > 0 ? [rest] : []
    this.#unsentLength = rest.length
    this.#sent = (this.#sent + bytes.length) >>> 0
    if (this.#unsentLength < readAhead) this.#socket.resume()
    this.#tellOfEnd()
    return bytes
  }

  /** The credit that every packet of the guest carries. */
  credit(room: number, forwarded: number): void {
    this.#guestRoom = room
    this.#guestForwarded = forwarded
    if (this.sendable > 0) this.#events.ready(this)
  }

  /** The guest knows our credit: it stood in a packet to it. */
  noteTold(): void {
    this.#told = this.#forwarded
  }

  /** Data of the guest. False when it is more than there was room for. */
  receive(bytes: Uint8Array): boolean {
    this.#received = (this.#received + bytes.length) >>> 0
    if ((this.#received - this.#forwarded) >>> 0 > roomForGuest) return false
    this.#toHost.add(bytes)
    return true
  }

  /** The guest will not send, or not receive, any longer. */
  shutdown(flags: number): void {
    if (flags & shutdownFlags.send) this.#toHost.end()
    if (flags & shutdownFlags.receive) {
      this.#unsent = []
      this.#unsentLength = 0
    }
    if ((flags & 3) === 3) {
      // Both sides are done (§5.10.6.5): what the guest sent is still written before the socket closes.
      this.#hostEnded = true
      this.#toHost.end(() => this.#socket.destroy())
      this.#events.send(this, vsockOp.reset)
      this.#events.gone(this)
    }
  }

  /** Ends at once, without a word to the guest. */
  destroy(): void {
    this.#hostEnded = true
    this.#socket.destroy()
  }

  /** Bytes of the guest have reached the host's end, so it may send as many more. */
  #passedOn(length: number): void {
    this.#forwarded = (this.#forwarded + length) >>> 0
    const untold = (this.#forwarded - this.#told) >>> 0
    if (untold >= roomForGuest / 4 && !this.#socket.destroyed) this.#events.send(this, vsockOp.creditUpdate)
  }

  /** After the last byte for it, the guest is told that it was the last. */
  #tellOfEnd(): void {
    if (!this.#hostEnded || this.#unsentLength > 0) return
    this.#events.send(this, vsockOp.shutdown, shutdownFlags.send)
  }
}
