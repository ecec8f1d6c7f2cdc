import { randomFillSync } from 'node:crypto'
import { copyIn } from '../../../memory/pieces.ts'
import { QueuePump } from '../../device/pump.ts'
import type { DeviceHost, VirtioDevice } from '../../device/virtio-device.ts'
import type { Chain } from '../../queue/chain.ts'

/** Bytes given for one request, whatever it has room for. */
const mostRandomBytes = 65536

/** Entropy device (virtio 1.2, §5.4): no features, no configuration, one queue. */
export class RngDevice implements VirtioDevice {
  readonly type = 'rng'
  readonly features = 0n
  readonly queueSizes = [8]
  readonly configLength = 0
  #pump: QueuePump | null = null

  readConfig(): void {
    // There is no configuration.
  }
  writeConfig(): void {
    // There is no configuration.
  }

  activate(host: DeviceHost): void {
    this.#pump = new QueuePump({ host, queue: 0, serve: (chain) => this.#serve(host, chain) })
  }

  kick(): void {
    this.#pump?.run()
  }

  async reset(): Promise<void> {
    this.#pump?.stop()
    this.#pump = null
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  #serve(host: DeviceHost, chain: Chain): boolean {
    // Filled aside and copied: the guest must not see, nor race with, the generator's work.
    const bytes = randomFillSync(new Uint8Array(Math.min(chain.writableLength, mostRandomBytes)))
    host.queue(0)?.push(chain.head, copyIn(chain.writable, 0, bytes))
    return true
  }
}
