import { largestFrame } from '../../../../../src/lib/net/framing.ts'
import { cut } from '../../../memory/pieces.ts'
import { type FrameLink, smallestFrame } from '../../../net/frame-link.ts'
import type { StateReader } from '../../../snapshot/fields.ts'
import { QueuePump } from '../../device/pump.ts'
import { type DeviceHost, hasFeature, type VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { announcement } from './announcement.ts'
import {
  linkUp,
  netConfig,
  netConfigLength,
  netFeatures,
  netFields,
  netHeaderBytes,
  netOffered,
} from './config.ts'
import { ReceiveBacklog } from './receive.ts'

const receiveQueue = 0
const transmitQueue = 1
/** Frames kept for a guest without receive buffers, before the link is asked to stop. */
const mostFrames = 64

export interface NetOptions {
  /** The device closes it. */
  readonly link: FrameLink
  /** `52:54:00:12:34:56` */
  readonly mac: string
  /** Bytes of the largest packet the link carries. */
  readonly mtu: number
}

/** Network device with one pair of queues (virtio 1.2, §5.1). Checksums are the guest's: frames cross as they are. */
export class NetDevice implements VirtioDevice {
  readonly type = 'net'
  readonly features = netOffered
  readonly queueSizes = [256, 256]
  readonly configLength = netConfigLength
  readonly #link: FrameLink
  readonly #config: Buffer
  readonly #backlog = new ReceiveBacklog(mostFrames, receiveQueue)
  #host: DeviceHost | null = null
  #pump: QueuePump | null = null
  /** The other end is yet to hear where the guest is. */
  #wasSaved = false

  constructor({ link, mac, mtu }: NetOptions) {
    this.#link = link
    this.#config = netConfig({ mac, mtu, up: link.up })
    link.start({
      frame: (bytes) => {
        // Before the driver is ready there is no one to receive it (§5.1.5).
        const host = this.#host
        if (host === null) return true
        this.#backlog.add(bytes, host, mergeable(host))
        return this.#backlog.hasRoom
      },
      changed: () => {
        this.#config.writeUInt16LE(link.up ? linkUp : 0, netFields.status)
        this.#host?.configChanged()
      },
      writable: () => this.#pump?.run(),
    })
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.#config.subarray(offset, offset + data.length))
  }

  writeConfig(): void {
    // The MAC address is the driver's to write in the legacy interface only (§5.1.4.2).
  }

  activate(host: DeviceHost): void {
    this.#host = host
    const serve = (chain: Chain) => this.#transmit(host, chain)
    this.#pump = new QueuePump({ host, queue: transmitQueue, serve })
  }

  kick(queue: number): void {
    if (this.#wasSaved) this.#announce()
    if (queue === transmitQueue) this.#pump?.run()
    else this.#deliver()
  }

  /** The other end is another than the one that knows the guest, which may say nothing until it is asked. */
  load(_from: StateReader, host: DeviceHost | null): void {
    this.#wasSaved = host !== null
  }

  #announce(): void {
    this.#wasSaved = false
    const frame = announcement(this.#config.subarray(netFields.mac, netFields.mac + 6))
    this.#link.send([frame], frame.length)
  }

  async reset(): Promise<void> {
    this.#wasSaved = false
    this.#pump?.stop()
    this.#pump = null
    this.#host = null
    this.#backlog.clear()
    this.#link.resume()
  }

  async close(): Promise<void> {
    await this.#link.close()
  }

  #deliver(): void {
    if (this.#host === null) return
    const before = this.#backlog.hasRoom
    this.#backlog.deliver(this.#host, mergeable(this.#host))
    if (!before && this.#backlog.hasRoom) this.#link.resume()
  }

  /** What cannot be a frame, by its length, is dropped: that harms only its sender. */
  #transmit(host: DeviceHost, chain: Chain): boolean {
    const length = chain.readableLength - netHeaderBytes
    if (length >= smallestFrame && length <= largestFrame) {
      const frame = cut(chain.readable, netHeaderBytes, length)
      if (frame !== null && !this.#link.send(frame, length)) return false
    }
    host.queue(transmitQueue)?.push(chain.head, 0)
    return true
  }
}

/** Whether a frame may lie in several of the driver's buffers. */
function mergeable({ features }: DeviceHost): boolean {
  return hasFeature(features, netFeatures.mergeable)
}
