import type { DriverQueue } from './driver-queue.ts'
import type { PlainBus } from './virtio-machine.ts'

export interface Structure {
  bar: number
  offset: number
  length: number
  at: number
}

/** Plays the part of a driver of a modern virtio-pci device (virtio 1.2, §3.1.1 and §4.1). */
export class PciDriver {
  readonly structures = new Map<number, Structure>()
  readonly capabilities = new Map<number, number>()
  bar = 0
  readonly #ports: PlainBus
  readonly #mmio: PlainBus
  readonly #slot: number

  constructor(machine: { ports: PlainBus; mmio: PlainBus; slot: number }) {
    this.#ports = machine.ports
    this.#mmio = machine.mmio
    this.#slot = machine.slot
  }

  readConfig(offset: number, width: number): number {
    this.#ports.write(0xcf8, 4, (0x8000_0000 | (this.#slot << 11) | (offset & 0xfc)) >>> 0)
    return this.#ports.read(0xcfc + (offset & 3), width)
  }

  writeConfig(offset: number, width: number, value: number): void {
    this.#ports.write(0xcf8, 4, (0x8000_0000 | (this.#slot << 11) | (offset & 0xfc)) >>> 0)
    this.#ports.write(0xcfc + (offset & 3), width, value)
  }

  /** Walks the capabilities and lets the function answer memory. */
  probe(): void {
    for (let at = this.readConfig(0x34, 1); at !== 0; at = this.readConfig(at + 1, 1)) {
      const id = this.readConfig(at, 1)
      this.capabilities.set(id, at)
      if (id !== 9) continue
      this.structures.set(this.readConfig(at + 3, 1), {
        bar: this.readConfig(at + 4, 1),
        offset: this.readConfig(at + 8, 4),
        length: this.readConfig(at + 12, 4),
        at,
      })
    }
    this.bar = this.readConfig(0x10, 4)
    this.writeConfig(0x04, 2, 0x6)
  }

  common(offset: number, width: number): number {
    return this.#mmio.read(this.bar + this.#place(1).offset + offset, width)
  }
  setCommon(offset: number, width: number, value: number): void {
    this.#mmio.write(this.bar + this.#place(1).offset + offset, width, value)
  }
  device(offset: number, width: number): number {
    return this.#mmio.read(this.bar + this.#place(4).offset + offset, width)
  }
  setDevice(offset: number, width: number, value: number): void {
    this.#mmio.write(this.bar + this.#place(4).offset + offset, width, value)
  }

  get status(): number {
    return this.common(20, 1)
  }
  set status(value: number) {
    this.setCommon(20, 1, value)
  }

  features(): bigint {
    let features = 0n
    for (const word of [0, 1]) {
      this.setCommon(0, 4, word)
      features |= BigInt(this.common(4, 4)) << BigInt(32 * word)
    }
    return features
  }

  /** Resets the device and waits until it says it is quiet. */
  async reset(): Promise<void> {
    this.status = 0
    while (this.status !== 0) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Up to FEATURES_OK, with these features of those offered; says whether the device agreed. */
  async negotiate(wanted: bigint): Promise<boolean> {
    await this.reset()
    this.status = 1
    this.status = 3
    for (const word of [0, 1]) {
      this.setCommon(8, 4, word)
      this.setCommon(12, 4, Number((wanted >> BigInt(32 * word)) & 0xffff_ffffn))
    }
    this.status = 11
    return (this.status & 8) !== 0
  }

  /** Gives the device a queue; its vector is `queue + 1`. */
  addQueue(index: number, queue: DriverQueue): void {
    const { size, descriptors, available, used } = queue.setup
    this.setCommon(22, 2, index)
    this.setCommon(24, 2, size)
    this.setCommon(26, 2, index + 1)
    for (const [at, address] of [
      [32, descriptors],
      [40, available],
      [48, used],
    ] as const) {
      this.setCommon(at, 4, address % 2 ** 32)
      this.setCommon(at + 4, 4, Math.floor(address / 2 ** 32))
    }
    this.setCommon(28, 2, 1)
  }

  /** Vector n delivers data `0x40 + n`; vector 0 is the configuration's. */
  enableMsix(): void {
    const at = this.capabilities.get(0x11) ?? 0
    const vectors = (this.readConfig(at + 2, 2) & 0x7ff) + 1
    const table = this.bar + this.readConfig(at + 4, 4)
    this.writeConfig(at + 2, 2, 0x8000)
    for (let vector = 0; vector < vectors; vector += 1) {
      this.#mmio.write(table + 16 * vector, 4, 0xfee0_0000)
      this.#mmio.write(table + 16 * vector + 8, 4, 0x40 + vector)
      this.#mmio.write(table + 16 * vector + 12, 4, 0)
    }
  }

  start(): void {
    this.setCommon(16, 2, 0)
    this.status = 15
  }

  kick(queue: number): void {
    this.#mmio.write(this.bar + this.#place(2).offset + 4 * queue, 2, queue)
  }

  #place(type: number): Structure {
    const found = this.structures.get(type)
    if (found === undefined) throw new Error(`no virtio structure of type ${type}`)
    return found
  }
}
