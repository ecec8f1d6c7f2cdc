import type { Socket } from 'node:net'
import { copyIn, copyOut } from '../../../memory/pieces.ts'
import type { StateReader } from '../../../snapshot/fields.ts'
import { QueuePump } from '../../device/pump.ts'
import { type DeviceHost, featureSet, type VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { Connection, type ConnectionEvents } from './connection.ts'
import { ConnectionTable, type Ports } from './connection-table.ts'
import type { VsockHost } from './host-side.ts'
import { decodeHeader, hostCid, streamType, type VsockHeader, vsockHeaderBytes, vsockOp } from './packet.ts'
import { receiveQueue, VsockToGuest } from './to-guest.ts'

const transmitQueue = 1
const eventQueue = 2
/** struct virtio_vsock_event: VIRTIO_VSOCK_EVENT_TRANSPORT_RESET (§5.10.6.7). */
const transportReset = Uint8Array.of(0, 0, 0, 0)
/** Bytes of data in one packet of the guest; Linux sends up to 64 KiB. */
const mostData = 65536
/** Ports of the host for programs that connect to the guest; above those a service would listen on. */
const firstHostPort = 2 ** 30

/** Socket device, streams only (virtio 1.2, §5.10). */
export class VsockDevice implements VirtioDevice {
  readonly type = 'vsock'
  readonly features = featureSet(0)
  /** Receive, transmit, event; the last is for a machine that was saved. */
  readonly queueSizes = [256, 256, 16]
  readonly configLength = 8
  readonly #guestCid: number
  readonly #hostSide: VsockHost
  readonly #connections = new ConnectionTable()
  readonly #toGuest: VsockToGuest
  #host: DeviceHost | null = null
  #pump: QueuePump | null = null
  #nextHostPort = firstHostPort
  /** The guest is yet to hear that its connections are gone. */
  #wasSaved = false

  /** `guestCid` is the guest's address: at least 3, below 2^32 (§5.10.4). The device closes `hostSide`. */
  constructor(guestCid: number, hostSide: VsockHost) {
    this.#guestCid = guestCid
    this.#hostSide = hostSide
    this.#toGuest = new VsockToGuest({
      guestCid,
      connectionOf: (packet) => this.#connections.find(packet),
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
    else if (this.#wasSaved) this.#tellOfReset()
  }

  /** Its connections led to sockets of another process. */
  load(_from: StateReader, host: DeviceHost | null): void {
    this.#wasSaved = host !== null
  }

  #tellOfReset(): void {
    const queue = this.#host?.queue(eventQueue)
    const chain = queue?.pop() ?? null
    if (chain === null) return
    this.#wasSaved = false
    queue?.push(chain.head, copyIn(chain.writable, 0, transportReset))
    this.#host?.notify(eventQueue)
  }

  async reset(): Promise<void> {
    this.#wasSaved = false
    this.#pump?.stop()
    this.#pump = null
    this.#host = null
    this.#connections.clear()
    this.#toGuest.stop()
  }

  async close(): Promise<void> {
    await this.#hostSide.close()
  }

  /** A program of the host wants a port of the guest. */
  #ask(guestPort: number, socket: Socket): void {
    if (this.#host === null || this.#connections.isFull) {
      socket.destroy()
      return
    }
    const hostPort = this.#nextHostPort
    this.#nextHostPort = hostPort === 2 ** 31 ? firstHostPort : hostPort + 1
    const ports = { guestPort, hostPort }
    this.#connections.ask(ports, socket)
    socket.once('close', () => {
      if (this.#connections.takeAsking(ports) !== undefined) this.#tell(ports, vsockOp.reset)
    })
    this.#tell(ports, vsockOp.request)
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
    const ports = { guestPort: header.sourcePort, hostPort: header.destinationPort }
    const connection = this.#connections.find(ports)
    const isAsking = this.#connections.isAsking(ports)
    const bad = header.type !== streamType || data === null
    if (header.op === vsockOp.reset) {
      this.#forget(ports)
    } else if (bad) {
      this.#refuse(ports)
    } else if (header.op === vsockOp.request && connection === undefined && !isAsking) {
      this.#dial(ports, header)
    } else if (header.op === vsockOp.response && isAsking) {
      this.#accepted(ports, header)
    } else if (connection === undefined) {
      this.#refuse(ports)
    } else {
      this.#continue(connection, header, data)
    }
  }

  #continue(connection: Connection, header: VsockHeader, data: Uint8Array): void {
    connection.credit(header.bufAlloc, header.fwdCnt)
    if (header.op === vsockOp.data && connection.receive(data)) return
    if (header.op === vsockOp.shutdown) connection.shutdown(header.flags)
    else if (header.op === vsockOp.creditRequest) this.#send(connection, vsockOp.creditUpdate)
    else if (header.op !== vsockOp.creditUpdate) this.#refuse(connection)
  }

  #dial(ports: Ports, header: VsockHeader): void {
    if (this.#connections.isFull) {
      this.#refuse(ports)
      return
    }
    const host = this.#host
    this.#hostSide.dial(
      ports.hostPort,
      (socket) => {
        // The driver may have gone, or asked twice, meanwhile.
        if (this.#host !== host || this.#connections.find(ports) !== undefined) {
          socket.destroy()
          return
        }
        this.#open(ports, header, socket)
        this.#tell(ports, vsockOp.response)
      },
      () => {
        if (this.#host === host) this.#refuse(ports)
      },
    )
  }

  #accepted(ports: Ports, header: VsockHeader): void {
    const socket = this.#connections.takeAsking(ports)
    if (socket === undefined) return
    socket.write(`OK ${ports.hostPort}\n`)
    this.#open(ports, header, socket)
  }

  #open(ports: Ports, header: VsockHeader, socket: Socket): void {
    const connection = new Connection({ ...ports, socket, events: this.#events })
    this.#connections.add(connection)
    connection.credit(header.bufAlloc, header.fwdCnt)
    connection.open()
  }

  readonly #events: ConnectionEvents = {
    send: (connection, op, flags = 0) => this.#send(connection, op, flags),
    ready: (connection) => this.#toGuest.ready(connection),
    gone: (connection) => {
      if (this.#connections.remove(connection)) this.#toGuest.forget(connection)
    },
  }

  #send(connection: Connection, op: number, flags = 0): void {
    if (this.#connections.find(connection) === connection) this.#tell(connection, op, flags)
  }

  #tell({ guestPort, hostPort }: Ports, op: number, flags = 0): void {
    this.#toGuest.send({ guestPort, hostPort, op, flags })
  }

  #refuse(ports: Ports): void {
    this.#forget(ports)
    this.#tell(ports, vsockOp.reset)
  }

  #forget(ports: Ports): void {
    const connection = this.#connections.find(ports)
    const socket = this.#connections.takeAsking(ports)
    if (connection !== undefined) {
      this.#connections.remove(connection)
      this.#toGuest.forget(connection)
      connection.destroy()
    }
    socket?.destroy()
  }
}
