import { copyOut } from '../../../memory/pieces.ts'
import type { StateReader, StateWriter } from '../../../snapshot/fields.ts'
import { QueuePump } from '../../device/pump.ts'
import { type DeviceHost, hasFeature, type VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'
import {
  type BalloonStatistics,
  balloonConfigLength,
  balloonFeatures,
  balloonFields,
  balloonOffered,
  balloonPage,
  parseStatistics,
} from './config.ts'

/** Page numbers taken from one request, and bytes of statistics; Linux sends 256 of the former. */
const mostPages = 16384
const mostStatisticBytes = 1024

/** Memory balloon with statistics and free page reporting (virtio 1.2, §5.5). */
export class BalloonDevice implements VirtioDevice {
  readonly type = 'balloon'
  readonly features = balloonOffered
  /** Inflate, deflate, then those of the negotiated features in the specification's order (§5.5.2). */
  readonly queueSizes = [128, 128, 8, 32]
  readonly configLength = balloonConfigLength
  readonly #config = Buffer.alloc(balloonConfigLength)
  #host: DeviceHost | null = null
  #pumps: QueuePump[] = []
  #statisticsQueue = -1
  /** The guest's buffer, held until fresh statistics are wanted (§5.5.6.3). */
  #held: Chain | null = null
  #statistics: BalloonStatistics = {}

  /** Bytes the guest has given into the balloon. */
  get actual(): number {
    return this.#config.readUInt32LE(balloonFields.actual) * balloonPage
  }
  /** What the guest said last of its memory. */
  get statistics(): BalloonStatistics {
    return this.#statistics
  }

  /** Asks the guest to give this many bytes, or to take back what is over it. */
  setTarget(bytes: number): void {
    this.#config.writeUInt32LE(Math.floor(bytes / balloonPage), balloonFields.target)
    this.#host?.configChanged()
  }

  /** Asks for fresh statistics; they stand in `statistics` when the guest has answered. */
  requestStatistics(): void {
    if (this.#host === null || this.#held === null) return
    this.#host.queue(this.#statisticsQueue)?.push(this.#held.head, 0)
    this.#held = null
    this.#host.notify(this.#statisticsQueue)
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.#config.subarray(offset, offset + data.length))
  }

  /** Only `actual` is the driver's to write (§5.5.4). */
  writeConfig(offset: number, data: Uint8Array): void {
    if (offset === balloonFields.actual && data.length === 4) this.#config.set(data, offset)
  }

  activate(host: DeviceHost): void {
    this.#host = host
    const serve: ((chain: Chain, queue: number) => void)[] = [
      (chain) => this.#inflate(host, chain),
      () => undefined,
    ]
    if (hasFeature(host.features, balloonFeatures.statistics)) {
      this.#statisticsQueue = serve.push((chain) => this.#takeStatistics(chain)) - 1
    }
    if (hasFeature(host.features, balloonFeatures.reporting)) {
      serve.push((chain) => this.#releaseReported(host, chain))
    }
    this.#pumps = serve.map(
      (act, queue) =>
        new QueuePump({
          host,
          queue,
          serve: (chain) => {
            act(chain, queue)
            if (queue !== this.#statisticsQueue) host.queue(queue)?.push(chain.head, 0)
            return true
          },
        }),
    )
  }

  kick(queue: number): void {
    this.#pumps[queue]?.run()
  }

  /** The guest's buffer of statistics is put back, to be taken again. */
  async quiesce(): Promise<void> {
    const held = this.#held
    this.#held = null
    if (held !== null) this.#host?.queue(this.#statisticsQueue)?.unpop([held])
  }

  save(to: StateWriter): void {
    to.bytes(this.#config)
  }

  load(from: StateReader): void {
    this.#config.set(from.exactly(balloonConfigLength))
  }

  async reset(): Promise<void> {
    for (const pump of this.#pumps) pump.stop()
    this.#pumps = []
    this.#host = null
    this.#statisticsQueue = -1
    this.#held = null
    this.#config.writeUInt32LE(0, balloonFields.actual)
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  /** Page numbers, 32 bits each (§5.5.6). Neighbours go back to the host together; those outside RAM are left. */
  #inflate(host: DeviceHost, chain: Chain): void {
    const count = Math.min(Math.floor(chain.readableLength / 4), mostPages)
    const bytes = copyOut(chain.readable, 0, count * 4)
    if (bytes === null) return
    const pages = new Uint32Array(bytes.buffer).sort()
    let first = 0
    for (let index = 1; index <= pages.length; index += 1) {
      if (pages[index] === (pages[index - 1] ?? 0) + 1) continue
      const start = pages[first]
      const end = pages[index - 1]
      if (start !== undefined && end !== undefined) {
        host.memory.release(start * balloonPage, (end - start + 1) * balloonPage)
      }
      first = index
    }
  }

  #takeStatistics(chain: Chain): void {
    const length = Math.min(chain.readableLength, mostStatisticBytes)
    const bytes = copyOut(chain.readable, 0, length)
    if (bytes !== null) this.#statistics = parseStatistics(bytes)
    const before = this.#held
    this.#held = chain
    // One buffer is all the driver should give; another frees the first.
    if (before !== null) this.#host?.queue(this.#statisticsQueue)?.push(before.head, 0)
  }

  /** Pages that the guest does not use, as the buffers themselves (§5.5.6.5). */
  #releaseReported(host: DeviceHost, chain: Chain): void {
    for (const { gpa, length } of chain.writableAt) host.memory.release(gpa, length)
  }
}
