import { PosadaError } from '../../../../../src/errors/index.ts'
import { isErrno } from '../../../../../src/lib/files/errno.ts'
import type { Disk } from '../../../disk/disk.ts'
import { QueuePump } from '../../device/pump.ts'
import type { DeviceHost, VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import { blkConfig, blkConfigLength, blkLimits, featuresOf } from './config.ts'
import { answer, blkStatus, blkType, parseRequest, type Request, serveRequest } from './request.ts'
import type { DiskThrottle } from './throttle.ts'

export interface BlkOptions {
  /** The device closes it. */
  readonly disk: Disk
  /** Serial number for the guest (`/dev/disk/by-id/virtio-…`), at most 20 bytes. */
  readonly id: string
  /** Bytes that the guest has read and written are added to. */
  readonly transferred: { read: number; written: number }
  /** What it and the machine's other disks may do a second. */
  readonly throttle?: DiskThrottle
  /** Requests wait until this resolves. */
  readonly heldUntil?: Promise<void>
  /** The host could not do a request; the guest gets an I/O error. For the machine's log. */
  readonly onError: (error: unknown) => void
  /** The host has no room for what the guest writes: the request and those behind it wait for `retry`. */
  readonly onNoSpace: (error: unknown) => void
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
  /** What is tried again once there is room on the host. */
  #stuck: (() => void) | null = null
  /** When the next request may be served. */
  #soon: NodeJS.Timeout | null = null

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

  /** Tries again what the host had no room for. */
  retry(): void {
    const again = this.#stuck
    this.#stuck = null
    again?.()
  }

  async quiesce(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing
    const { disk, id } = this.#options
    if (this.#stuck !== null)
      throw new PosadaError('E_DISK_FULL', `the host has no room for what the guest writes to its disk ${id}`)
    await disk.flushAway()
  }

  async reset(): Promise<void> {
    this.#active?.pump.stop()
    this.#active = null
    this.#stuck = null
    if (this.#soon !== null) clearTimeout(this.#soon)
    this.#soon = null
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
    if (this.#flushing !== null || this.#stuck !== null) return false
    const request = parseRequest(chain)
    if (request === null) {
      host.fault('a request without room for its header or status')
      return false
    }
    if (request.type === blkType.flush) {
      this.#flushing = this.#flush(host, chain)
      return true
    }
    if (!this.#isDue()) return false
    const status = this.#attempt(request)
    if (status === null) return false
    this.#options.throttle?.served(request.dataLength + request.roomLength)
    host.queue(0)?.push(chain.head, answer(chain, status))
    if (request.type === blkType.discard || request.type === blkType.writeZeroes) this.#active?.pump.endTurn()
    if (this.#options.disk.needsFlush) this.#flushing = this.#flush(host, null)
    return true
  }

  /** False where the disk has done as much as it may: the pump is run again when that is over. */
  #isDue(): boolean {
    const wait = this.#options.throttle?.wait() ?? 0
    if (wait === 0) return true
    this.#soon ??= setTimeout(() => {
      this.#soon = null
      this.kick()
    }, Math.ceil(wait))
    return false
  }

  /** @param chain that asked for it; null where the disk needs it by itself */
  async #flush(host: DeviceHost, chain: Chain | null): Promise<void> {
    let status: number | null = blkStatus.ok
    try {
      await this.#options.disk.flushAway()
    } catch (error) {
      status = this.#failed(error, () => {
        this.#flushing = this.#flush(host, chain)
      })
    }
    this.#flushing = null
    if (status === null) return
    if (chain !== null) {
      host.queue(0)?.push(chain.head, answer(chain, status))
      host.notify(0)
    }
    this.#active?.pump.run()
  }

  #attempt(request: Request): number | null {
    try {
      const status = serveRequest(this.#options, request)
      if (status === blkStatus.ok) this.#count(request)
      return status
    } catch (error) {
      return this.#failed(error, () => this.#active?.pump.run())
    }
  }

  #count({ type, dataLength, roomLength }: Request): void {
    const { transferred } = this.#options
    if (type === blkType.read) transferred.read += roomLength
    else if (type === blkType.write) transferred.written += dataLength
  }

  /** The host's trouble, not the guest's: a status for the request, or null where it is to be tried `again` later. */
  #failed(error: unknown, again: () => void): number | null {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) {
      this.#options.onError(error)
      return blkStatus.ioError
    }
    this.#stuck = again
    this.#options.onNoSpace(error)
    return null
  }
}
