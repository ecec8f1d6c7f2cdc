import { copyIn } from '../../../memory/pieces.ts'
import type { DeviceHost } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { type Connection, roomForGuest } from './connection.ts'
import { encodeHeader, hostCid, streamType, vsockHeaderBytes, vsockOp } from './packet.ts'

export const receiveQueue = 0
/** Bytes of data in one packet to the guest. */
const mostData = 65536
/** Packets kept for a guest that gives no buffers; over it, what the guest sends waits. */
const mostPackets = 1024
/** Buffers filled before other devices get their turn. */
const packetsPerTurn = 64

export interface Packet {
  readonly guestPort: number
  readonly hostPort: number
  readonly op: number
  readonly flags: number
}

export interface VsockToGuestOptions {
  readonly guestCid: number
  /** The connection whose credit a packet's header shows. */
  readonly connectionOf: (packet: Packet) => Connection | undefined
  /** `hasRoom` has become true again. */
  readonly onRoom: () => void
}

/** Packets on their way to the guest: operations first, then data of the connections in turn. */
export class VsockToGuest {
  readonly #options: VsockToGuestOptions
  readonly #ready = new Set<Connection>()
  #packets: Packet[] = []
  #host: DeviceHost | null = null
  #delivering = false
  #turn: NodeJS.Immediate | null = null

  constructor(options: VsockToGuestOptions) {
    this.#options = options
  }

  get hasRoom(): boolean {
    return this.#packets.length < mostPackets
  }

  start(host: DeviceHost): void {
    this.#host = host
  }

  stop(): void {
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#turn = null
    this.#host = null
    this.#ready.clear()
    this.#packets = []
  }

  send(packet: Packet): void {
    if (this.#host === null) return
    this.#packets.push(packet)
    this.deliver()
  }

  /** The connection has data that the guest has room for. */
  ready(connection: Connection): void {
    this.#ready.add(connection)
    this.deliver()
  }

  forget(connection: Connection): void {
    this.#ready.delete(connection)
  }

  /** Fills the guest's buffers as far as both go. */
  deliver(): void {
    const host = this.#host
    const queue = host?.queue(receiveQueue)
    // What a filled buffer sets off, as the end of a stream, comes after it.
    if (host === null || queue == null || this.#turn !== null || this.#delivering) return
    const before = this.hasRoom
    this.#delivering = true
    for (let filled = 0; this.#hasNext(); filled += 1) {
      if (filled === packetsPerTurn) {
        this.#turn = setImmediate(() => {
          this.#turn = null
          this.deliver()
        })
        break
      }
      const chain = queue.pop()
      if (chain === null) {
        if (!queue.armKicks()) break
        continue
      }
      queue.push(chain.head, this.#fill(chain))
    }
    this.#delivering = false
    host.notify(receiveQueue)
    if (!before && this.hasRoom) this.#options.onRoom()
  }

  #fill(chain: Chain): number {
    // A buffer without room for a header is the guest's mistake and costs it the buffer.
    if (chain.writableLength < vsockHeaderBytes) return 0
    const packet = this.#packets.shift()
    if (packet !== undefined) return this.#write(chain, packet, Buffer.alloc(0))
    const connection = this.#ready.values().next().value
    if (connection === undefined) throw new Error('nothing to fill a buffer with')
    // To the back of the line, or out of it: connections take turns.
    this.#ready.delete(connection)
    const data = connection.take(Math.min(chain.writableLength - vsockHeaderBytes, mostData))
    if (connection.sendable > 0) this.#ready.add(connection)
    const { guestPort, hostPort } = connection
    return this.#write(chain, { guestPort, hostPort, op: vsockOp.data, flags: 0 }, data)
  }

  /** Whether there is something for a buffer; what the guest has no room for any more leaves the line. */
  #hasNext(): boolean {
    if (this.#packets.length > 0) return true
    for (const connection of this.#ready) {
      if (connection.sendable > 0) return true
      this.#ready.delete(connection)
    }
    return false
  }

  #write(chain: Chain, packet: Packet, data: Buffer): number {
    const connection = this.#options.connectionOf(packet)
    connection?.noteTold()
    const header = encodeHeader({
      sourceCid: hostCid,
      destinationCid: this.#options.guestCid,
      sourcePort: packet.hostPort,
      destinationPort: packet.guestPort,
      length: data.length,
      type: streamType,
      op: packet.op,
      flags: packet.flags,
      bufAlloc: roomForGuest,
      fwdCnt: connection?.forwarded ?? 0,
    })
    copyIn(chain.writable, 0, header)
    return vsockHeaderBytes + copyIn(chain.writable, vsockHeaderBytes, data)
  }
}
