import type { Disk } from '../../../disk/disk.ts'
import { QueuePump } from '../../device/pump.ts'
import type { DeviceHost, VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { blkConfig, blkConfigLength, blkLimits, featuresOf } from './config.ts'
import { answer, blkStatus, serveRequest } from './request.ts'

export interface BlkOptions {
  /** The device closes it. */
  readonly disk: Disk
  /** Serial number for the guest (`/dev/disk/by-id/virtio-…`), at most 20 bytes. */
  readonly id: string
  /** Requests wait until this resolves. */
  readonly heldUntil?: Promise<void>
  /** The host could not do a request; the guest gets an I/O error. For the machine's log. */
  readonly onError: (error: unknown) => void
}

/**
 * Block device (virtio 1.2, §5.2). Transfers are done at once, on this thread; a flush, which may take the
 * host's disk a while, goes on aside, and the disk's other requests wait for it in the queue.
 */
export class BlkDevice implements VirtioDevice {
  readonly type = 'blk'
  readonly features: bigint
  readonly queueSizes = [blkLimits.queueSize]
  readonly configLength = blkConfigLength
  readonly #options: BlkOptions
  readonly #config: Buffer
  #active: { host: DeviceHost; pump: QueuePump } | null = null
  #flushing: Promise<void> | null = null
  #held = false

  constructor(options: BlkOptions) {
    this.#options = options
    this.#config = blkConfig(options.disk)
    this.features = featuresOf(options.disk)
    void this.#hold(options.heldUntil)
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.#config.subarray(offset, offset + data.length))
  }

  writeConfig(): void {
    // Nothing is writable: CONFIG_WCE is not offered, the cache is always written back (§5.2.5.2).
  }

  activate(host: DeviceHost): void {
    const serve = (chain: Chain) => this.#serve(host, chain)
    this.#active = { host, pump: new QueuePump({ host, queue: 0, serve }) }
  }

  kick(): void {
    if (!this.#held) this.#active?.pump.run()
  }

  async reset(): Promise<void> {
    this.#active?.pump.stop()
    this.#active = null
    await this.#flushing
  }

  async close(): Promise<void> {
    this.#options.disk.close()
  }

  async #hold(until: Promise<void> | undefined): Promise<void> {
    if (until === undefined) return
    this.#held = true
    await until
    this.#held = false
    this.kick()
  }

  #serve(host: DeviceHost, chain: Chain): boolean {
    if (this.#flushing !== null) return false
    const written = this.#attempt(chain)
    if (written === null) {
      host.fault('a request without room for its header or status')
      return false
    }
    if (written === 'flush') this.#flushing = this.#flush(host, chain)
    else host.queue(0)?.push(chain.head, written)
    return true
  }

  async #flush(host: DeviceHost, chain: Chain): Promise<void> {
    let status: number = blkStatus.ok
    try {
      await this.#options.disk.flushAway()
    } catch (error) {
      this.#options.onError(error)
      status = blkStatus.ioError
    }
    this.#flushing = null
    host.queue(0)?.push(chain.head, answer(chain, status))
    host.notify(0)
    this.#active?.pump.run()
  }

  #attempt(chain: Chain): number | 'flush' | null {
    try {
      return serveRequest(this.#options, chain)
    } catch (error) {
      // The host's trouble (no room, a failing disk, a damaged image), not the guest's.
      this.#options.onError(error)
      return answer(chain, blkStatus.ioError)
    }
  }
}
