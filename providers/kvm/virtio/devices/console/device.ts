import { copyOut } from '../../../memory/pieces.ts'
import type { StateReader, StateWriter } from '../../../snapshot/fields.ts'
import { QueuePump } from '../../device/pump.ts'
import { type DeviceHost, featureSet, hasFeature, type VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { type ControlMessage, consoleEvent, decodeControl, encodeControl } from './control.ts'
import type { PortBackend } from './port-backend.ts'
import { ToGuest } from './to-guest.ts'

const multiport = 1
/** Bytes taken from one request of the guest; the rest of a longer one is dropped (Linux sends up to 32 KiB). */
const mostBytes = 65536
/** Control messages kept for a guest that gives no buffers. */
const mostControlBytes = 4096

interface Port {
  readonly backend: PortBackend
  readonly number: number
  readonly receive: number
  readonly transmit: number
  /** Bytes on the way to the guest; lives through resets of the device. */
  readonly toGuest: ToGuest
  guestOpen: boolean
}

/**
 * Multiport console (virtio 1.2, §5.3): byte streams by name. Port 0 is reserved for a console and has no
 * backend, as the machine's console is its serial port; backends have the ports from 1 on.
 */
export class ConsoleDevice implements VirtioDevice {
  readonly type = 'console'
  readonly features = featureSet(multiport)
  readonly queueSizes: readonly number[]
  readonly configLength = 12
  readonly #ports: readonly Port[]
  readonly #control = new ToGuest(2, mostControlBytes)
  readonly #config = Buffer.alloc(12)
  #host: DeviceHost | null = null
  #pumps = new Map<number, QueuePump>()

  constructor(backends: readonly PortBackend[]) {
    this.#ports = backends.map((backend, index) => ({
      backend,
      number: index + 1,
      // Queues 0 and 1 are port 0's, 2 and 3 the control's, then two a port (§5.3.2).
      receive: 4 + 2 * index,
      transmit: 5 + 2 * index,
      toGuest: new ToGuest(4 + 2 * index, mostBytes),
      guestOpen: false,
    }))
    this.queueSizes = Array.from({ length: 4 + 2 * backends.length }, () => 64)
    this.#config.writeUInt32LE(backends.length + 1, 4)
    for (const port of this.#ports) this.#startBackend(port)
  }

  /** Whether a program of the guest has the port of this name open. */
  isOpen(name: string): boolean {
    return this.#ports.some(({ backend, guestOpen }) => backend.name === name && guestOpen)
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.#config.subarray(offset, offset + data.length))
  }

  writeConfig(): void {
    // Emergency write is not offered (§5.3.4).
  }

  activate(host: DeviceHost): void {
    this.#host = host
    const pump = (queue: number, serve: (chain: Chain) => boolean) =>
      this.#pumps.set(queue, new QueuePump({ host, queue, serve }))
    pump(1, (chain) => this.#give(chain, 1))
    if (!hasFeature(host.features, multiport)) return
    pump(3, (chain) => this.#takeControl(host, chain))
    for (const port of this.#ports) pump(port.transmit, (chain) => this.#transmit(port, chain))
  }

  kick(queue: number): void {
    if (this.#host === null) return
    const pump = this.#pumps.get(queue)
    if (pump !== undefined) pump.run()
    else if (queue === 2) this.#control.deliver(this.#host)
    else this.#fill(this.#ports.find(({ receive }) => receive === queue))
  }

  save(to: StateWriter): void {
    this.#control.save(to)
    for (const { guestOpen, backend, toGuest } of this.#ports) {
      to.number(guestOpen ? 1 : 0)
      to.number(backend.connected ? 1 : 0)
      toGuest.save(to)
    }
  }

  /** The client that the guest knows of was one of the machine that was saved. */
  load(from: StateReader): void {
    this.#control.load(from)
    for (const port of this.#ports) {
      port.guestOpen = from.number(1) === 1
      if (from.number(1) === 1) this.#tell({ port: port.number, event: consoleEvent.portOpen, value: 0 })
      port.toGuest.load(from)
    }
  }

  async reset(): Promise<void> {
    for (const pump of this.#pumps.values()) pump.stop()
    this.#pumps.clear()
    this.#host = null
    this.#control.clear()
    for (const port of this.#ports) port.guestOpen = false
  }

  async close(): Promise<void> {
    await Promise.all(this.#ports.map(({ backend }) => backend.close()))
  }

  #startBackend(port: Port): void {
    port.backend.start({
      data: (bytes) => {
        // A guest that has not opened the port never hears what was said before (§5.3.6.2, as QEMU does).
        if (!port.guestOpen) return true
        // A client that is over the bound is held back, so what fills it is of clients that have left.
        if (!port.toGuest.hasRoom) port.toGuest.clear()
        const room = port.toGuest.add(bytes)
        this.#fill(port)
        return room || port.toGuest.hasRoom
      },
      changed: () => {
        // What a client that has left said is still the guest's to hear: an order to shut down, for one.
        this.#tell({ port: port.number, event: consoleEvent.portOpen, value: port.backend.connected ? 1 : 0 })
      },
      writable: () => this.#pumps.get(port.transmit)?.run(),
    })
  }

  #fill(port: Port | undefined): void {
    if (port === undefined || this.#host === null) return
    const before = port.toGuest.hasRoom
    port.toGuest.deliver(this.#host)
    if (!before && port.toGuest.hasRoom) port.backend.resume()
  }

  /** What the guest writes waits in its queue until a client is connected. */
  #transmit(port: Port, chain: Chain): boolean {
    if (!port.backend.connected) return false
    const bytes = copyOut(chain.readable, 0, Math.min(chain.readableLength, mostBytes))
    if (bytes !== null && bytes.length > 0 && !port.backend.write(bytes)) return false
    return this.#give(chain, port.transmit)
  }

  #give(chain: Chain, queue: number): boolean {
    this.#host?.queue(queue)?.push(chain.head, 0)
    return true
  }

  #takeControl(host: DeviceHost, chain: Chain): boolean {
    const bytes = copyOut(chain.readable, 0, Math.min(chain.readableLength, 8))
    const message = bytes === null ? null : decodeControl(bytes)
    this.#give(chain, 3)
    if (message === null) return true
    const port = this.#ports.find(({ number }) => number === message.port)
    if (message.event === consoleEvent.deviceReady && message.value === 1) {
      for (const { number } of this.#ports)
        this.#tell({ port: number, event: consoleEvent.portAdd, value: 1 })
    } else if (message.event === consoleEvent.portReady && message.value === 1 && port !== undefined) {
      this.#tell({ port: port.number, event: consoleEvent.portName, value: 1, name: port.backend.name })
      if (port.backend.connected) this.#tell({ port: port.number, event: consoleEvent.portOpen, value: 1 })
    } else if (message.event === consoleEvent.portOpen && port !== undefined) {
      port.guestOpen = message.value === 1
      if (!port.guestOpen) port.toGuest.clear()
    }
    this.#control.deliver(host)
    return true
  }

  #tell(message: ControlMessage): void {
    if (this.#host === null || !hasFeature(this.#host.features, multiport)) return
    // Beyond the bound the guest asks again and again and never reads: it gets no further answer.
    if (this.#control.hasRoom) this.#control.add(encodeControl(message), { whole: true })
    this.#control.deliver(this.#host)
  }
}
