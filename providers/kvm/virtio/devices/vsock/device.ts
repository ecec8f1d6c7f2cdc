import type { Socket } from 'node:net'
import { copyOut } from '../../../memory/pieces.ts'
import { QueuePump } from '../../device/pump.ts'
import { type DeviceHost, featureSet, type VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { Connection, type ConnectionEvents } from './connection.ts'
import type { VsockHost } from './host-side.ts'
import { decodeHeader, hostCid, streamType, type VsockHeader, vsockHeaderBytes, vsockOp } from './packet.ts'
import { receiveQueue, VsockToGuest } from './to-guest.ts'

const transmitQueue = 1
const mostConnections = 1023
/** Bytes of data in one packet of the guest; Linux sends up to 64 KiB. */
const mostData = 65536
/** Ports of the host for programs that connect to the guest; above those a service would listen on. */
const firstHostPort = 2 ** 30

/** Socket device, streams only (virtio 1.2, §5.10). */
export class VsockDevice implements VirtioDevice {
  readonly type = 'vsock'
  readonly features = featureSet(0)
  /** Receive, transmit, event; the last is for migration and stays silent. */
  readonly queueSizes = [256, 256, 16]
  readonly configLength = 8
  readonly #guestCid: number
  readonly #hostSide: VsockHost
  readonly #connections = new Map<string, Connection>()
  readonly #asking = new Map<string, Socket>()
  readonly #toGuest: VsockToGuest
  #host: DeviceHost | null = null
  #pump: QueuePump | null = null
  #nextHostPort = firstHostPort

  /** `guestCid` is the guest's address: at least 3, below 2^32 (§5.10.4). The device closes `hostSide`. */
  constructor(guestCid: number, hostSide: VsockHost) {
    this.#guestCid = guestCid
    this.#hostSide = hostSide
    this.#toGuest = new VsockToGuest({
      guestCid,
      connectionOf: (packet) => this.#connections.get(keyOf(packet.guestPort, packet.hostPort)),
      onRoom: () => this.#pump?.run(),
    })
    hostSide.onRequest((port, socket) => this.#ask(port, socket))
  }

  readConfig(offset: number, data: Uint8Array): void {
    const config = Buffer.alloc(8)
    config.writeUInt32LE(this.#guestCid, 0)
    data.set(config.subarray(offset, offset + data.length))
  }

  writeConfig(): void {
    // Nothing is writable (§5.10.4).
  }

  activate(host: DeviceHost): void {
    this.#host = host
    this.#toGuest.start(host)
    const serve = (chain: Chain) => this.#serve(host, chain)
    this.#pump = new QueuePump({ host, queue: transmitQueue, serve })
  }

  kick(queue: number): void {
    if (queue === transmitQueue) this.#pump?.run()
    else if (queue === receiveQueue) this.#toGuest.deliver()
  }

  async reset(): Promise<void> {
    this.#pump?.stop()
    this.#pump = null
    this.#host = null
    for (const connection of this.#connections.values()) connection.destroy()
    for (const socket of this.#asking.values()) socket.destroy()
    this.#connections.clear()
    this.#asking.clear()
    this.#toGuest.stop()
  }

  async close(): Promise<void> {
    await this.#hostSide.close()
  }

  /** A program of the host wants a port of the guest. */
  #ask(guestPort: number, socket: Socket): void {
    if (this.#host === null || this.#size >= mostConnections) {
      socket.destroy()
      return
    }
    const hostPort = this.#nextHostPort
    this.#nextHostPort = hostPort === 2 ** 31 ? firstHostPort : hostPort + 1
    const key = keyOf(guestPort, hostPort)
    this.#asking.set(key, socket)
    socket.once('close', () => {
      if (this.#asking.delete(key)) this.#toGuest.send({ guestPort, hostPort, op: vsockOp.reset, flags: 0 })
    })
    this.#toGuest.send({ guestPort, hostPort, op: vsockOp.request, flags: 0 })
  }

  #serve(host: DeviceHost, chain: Chain): boolean {
    if (!this.#toGuest.hasRoom) return false
    const bytes = copyOut(chain.readable, 0, vsockHeaderBytes)
    if (bytes !== null) {
      const header = decodeHeader(bytes)
      const length = Math.min(header.length, mostData)
      const data = copyOut(chain.readable, vsockHeaderBytes, length)
      this.#take(header, data !== null && header.length <= mostData ? data : null)
    }
    host.queue(transmitQueue)?.push(chain.head, 0)
    return true
  }

  /** Acts on one packet of the guest. `data` is null when there is not as much as the header says. */
  #take(header: VsockHeader, data: Uint8Array | null): void {
    // From or to another address: not ours to answer (§5.10.6.4).
    if (header.sourceCid !== this.#guestCid || header.destinationCid !== hostCid) return
    const guestPort = header.sourcePort
    const hostPort = header.destinationPort
    const key = keyOf(guestPort, hostPort)
    const connection = this.#connections.get(key)
    const bad = header.type !== streamType || data === null
    if (header.op === vsockOp.reset) {
      this.#forget(key)
    } else if (bad) {
      this.#refuse(guestPort, hostPort)
    } else if (header.op === vsockOp.request && connection === undefined && !this.#asking.has(key)) {
      this.#dial(header)
    } else if (header.op === vsockOp.response && this.#asking.has(key)) {
      this.#accepted(key, header)
    } else if (connection === undefined) {
      this.#refuse(guestPort, hostPort)
    } else {
      this.#continue(connection, header, data)
    }
  }

  #continue(connection: Connection, header: VsockHeader, data: Uint8Array): void {
    connection.credit(header.bufAlloc, header.fwdCnt)
    if (header.op === vsockOp.data && connection.receive(data)) return
    if (header.op === vsockOp.shutdown) connection.shutdown(header.flags)
    else if (header.op === vsockOp.creditRequest) this.#send(connection, vsockOp.creditUpdate)
    else if (header.op !== vsockOp.creditUpdate) this.#refuse(connection.guestPort, connection.hostPort)
  }

  #dial(header: VsockHeader): void {
    const { sourcePort: guestPort, destinationPort: hostPort } = header
    if (this.#size >= mostConnections) {
      this.#refuse(guestPort, hostPort)
      return
    }
    const host = this.#host
    this.#hostSide.dial(
      hostPort,
      (socket) => {
        const key = keyOf(guestPort, hostPort)
        // The driver may have gone, or asked twice, meanwhile.
        if (this.#host !== host || this.#connections.has(key)) {
          socket.destroy()
          return
        }
        this.#open(key, header, socket)
        this.#toGuest.send({ guestPort, hostPort, op: vsockOp.response, flags: 0 })
      },
      () => {
        if (this.#host === host) this.#refuse(guestPort, hostPort)
      },
    )
  }

  #accepted(key: string, header: VsockHeader): void {
    const socket = this.#asking.get(key)
    this.#asking.delete(key)
    if (socket === undefined) return
    socket.write(`OK ${header.destinationPort}\n`)
    this.#open(key, header, socket)
  }

  #open(key: string, header: VsockHeader, socket: Socket): void {
    const connection = new Connection({
      guestPort: header.sourcePort,
      hostPort: header.destinationPort,
      socket,
      events: this.#events,
    })
    this.#connections.set(key, connection)
    connection.credit(header.bufAlloc, header.fwdCnt)
    connection.open()
  }

  readonly #events: ConnectionEvents = {
    send: (connection, op, flags = 0) => this.#send(connection, op, flags),
    ready: (connection) => this.#toGuest.ready(connection),
    gone: (connection) => {
      const key = keyOf(connection.guestPort, connection.hostPort)
      if (this.#connections.get(key) !== connection) return
      this.#connections.delete(key)
      this.#toGuest.forget(connection)
    },
  }

  #send(connection: Connection, op: number, flags = 0): void {
    const { guestPort, hostPort } = connection
    if (this.#connections.get(keyOf(guestPort, hostPort)) !== connection) return
    this.#toGuest.send({ guestPort, hostPort, op, flags })
  }

  #refuse(guestPort: number, hostPort: number): void {
    this.#forget(keyOf(guestPort, hostPort))
    this.#toGuest.send({ guestPort, hostPort, op: vsockOp.reset, flags: 0 })
  }

  #forget(key: string): void {
    const connection = this.#connections.get(key)
    const socket = this.#asking.get(key)
    this.#connections.delete(key)
    this.#asking.delete(key)
    if (connection !== undefined) this.#toGuest.forget(connection)
    connection?.destroy()
    socket?.destroy()
  }

  get #size(): number {
    return this.#connections.size + this.#asking.size
  }
}

function keyOf(guestPort: number, hostPort: number): string {
  return `${guestPort}:${hostPort}`
}
