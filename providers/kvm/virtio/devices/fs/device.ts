import { ringFeatures } from '../../device/negotiation.ts'
import { type DeviceHost, featureSet, type VirtioDevice } from '../../device/virtio-device.ts'
import type { BackEnd } from '../../vhost-user/back-end.ts'

/** One for what must not wait, one for requests (virtio 1.2, §5.11.2). Linux asks for 1 MiB at once where it has 257 entries. */
export const fsQueueSizes = [1024, 1024]
/** What any queue of ours may have, which a process that serves them has to know. */
export const fsFeatures = featureSet(ringFeatures.indirect, ringFeatures.eventIndex, ringFeatures.version1)

/** Bytes of the tag, filled up with zeros, and of the number of request queues (§5.11.4). */
const tagBytes = 36
const configBytes = tagBytes + 4

/** File system device (virtio 1.2, §5.11), whose queues another process serves: virtiofsd. */
export class FsDevice implements VirtioDevice {
  readonly type = 'fs'
  readonly features = 0n
  readonly queueSizes = fsQueueSizes
  readonly configLength = configBytes
  readonly #config = Buffer.alloc(configBytes)
  readonly #backEnd: BackEnd
  #host: DeviceHost | null = null

  /** @param tag what the guest mounts it by */
  constructor(tag: string, backEnd: BackEnd) {
    this.#config.write(tag, 0, tagBytes, 'utf8')
    this.#config.writeUInt32LE(fsQueueSizes.length - 1, tagBytes)
    this.#backEnd = backEnd
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.set(this.#config.subarray(offset, offset + data.length))
  }
  writeConfig(): void {
    // Nothing of it is the driver's to change.
  }

  activate(host: DeviceHost): void {
    this.#host = host
    this.#backEnd.onUsed = (queue) => host.interrupt(queue)
    const setups = fsQueueSizes.map((_, queue) => host.queue(queue)?.setup ?? null)
    this.#backEnd.start(host.features, setups)
  }

  kick(queue: number): void {
    if (this.#host !== null) this.#backEnd.kick(queue)
  }

  async reset(): Promise<void> {
    if (this.#host === null) return
    this.#host = null
    this.#backEnd.onUsed = () => undefined
    await this.#backEnd.stop()
  }

  async close(): Promise<void> {
    // The process that serves it does so for the next guest, too.
  }
}
