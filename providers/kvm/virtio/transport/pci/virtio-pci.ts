import type { Bus, BusDevice, MsiSource, QueueNotifier, Release } from '../../../bus/device.ts'
import type { GuestMemory } from '../../../memory/guest-memory.ts'
import { ConfigSpace, command, header } from '../../../pci/config-space.ts'
import { configSize } from '../../../pci/config-state.ts'
import { MsixTable } from '../../../pci/msix.ts'
import type { PciFunction } from '../../../pci/root.ts'
import type { Snapshottable, StateReader, StateWriter } from '../../../snapshot/fields.ts'
import { VirtioCore } from '../../device/core.ts'
import { type VirtioDevice, virtioTypes } from '../../device/virtio-device.ts'
import { CommonConfig } from './common-config.ts'
import {
  accessFields,
  addCapabilities,
  barSize,
  type CapabilityOffsets,
  notifyMultiplier,
  regionAt,
  regions,
} from './layout.ts'

export interface VirtioPciOptions {
  readonly device: VirtioDevice
  readonly memory: GuestMemory
  /** Addresses outside RAM, where BAR 0 is claimed. */
  readonly mmio: Bus
  readonly msi: MsiSource
  /** Null: kicks arrive as writes to BAR 0. */
  readonly notifier: QueueNotifier | null
  /** A driver broke a rule of virtio; for the machine's log. */
  readonly onFault: (reason: string) => void
}

/**
 * A virtio device as a modern PCI function (virtio 1.2, §4.1) with one BAR and MSI-X: a vector for the
 * configuration and one a queue. There is no legacy interface and no INTx.
 */
export class VirtioPci implements PciFunction, BusDevice, Snapshottable {
  readonly barSize = barSize
  readonly core: VirtioCore
  readonly #options: VirtioPciOptions
  readonly config: ConfigSpace
  readonly #capabilities: CapabilityOffsets
  readonly #msix: MsixTable
  readonly #common: CommonConfig
  #isr = 0
  #mappedAt = 0
  #claimed: Release[] = []

  constructor(options: VirtioPciOptions) {
    const { device } = options
    const { id, pciClass } = virtioTypes[device.type]
    const vectors = device.queueSizes.length + 1
    this.#options = options
    this.config = new ConfigSpace({
      vendor: 0x1af4,
      device: 0x1040 + id,
      classCode: pciClass,
      revision: 1,
      subsystemVendor: 0x1af4,
      subsystem: 0x0040 + id,
    })
    this.config.allow(header.bar0, 4, (0xffff_ffff & ~(barSize - 1)) >>> 0)
    this.#capabilities = addCapabilities(this.config, { deviceLength: device.configLength, vectors })
    this.#msix = new MsixTable(Array.from({ length: vectors }, () => options.msi.vector()))
    this.core = new VirtioCore(device, options.memory, {
      queueInterrupt: (queue) => this.#interrupt(1, this.#common.queueVector(queue)),
      configInterrupt: () => this.#interrupt(2, this.#common.configVector),
      fault: (reason) => options.onFault(`${device.type}: ${reason}`),
    })
    this.#common = new CommonConfig(this.core, vectors, () => {
      this.#isr = 0
    })
  }

  assignBar(address: number): void {
    this.config.bytes.writeUInt32LE(address, header.bar0)
  }

  readConfig(offset: number, data: Uint8Array): void {
    const access = this.#access(offset, data.length)
    if (access !== null) this.read(access, data)
    else this.config.read(offset, data)
  }

  writeConfig(offset: number, data: Uint8Array): void {
    const access = this.#access(offset, data.length)
    if (access !== null) {
      this.write(access, data)
      return
    }
    this.config.write(offset, data)
    this.#applyConfig()
  }

  save(to: StateWriter): void {
    to.bytes(this.config.bytes)
    this.#msix.save(to)
    to.number(this.#isr)
    this.#common.save(to)
    this.core.save(to)
  }

  /** Of the configuration only what a driver may write is taken. */
  load(from: StateReader): void {
    this.config.write(0, from.exactly(configSize))
    this.#msix.load(from)
    this.#isr = from.number(3)
    this.#common.load(from)
    this.#applyConfig()
    this.core.load(from)
  }

  #applyConfig(): void {
    this.#msix.setControl(this.config.bytes.readUInt16LE(this.#capabilities.msix + 2))
    this.core.setMemoryAccess((this.#command & command.master) !== 0)
    this.#map()
  }

  read(offset: number, data: Uint8Array): void {
    const found = regionAt(offset, data.length)
    data.fill(0xff)
    switch (found?.region) {
      case 'common':
        this.#common.read(found.within, data)
        break
      case 'isr':
        data[0] = this.#isr
        this.#isr = 0
        break
      case 'device':
        this.core.readConfig(found.within, data)
        break
      case 'msixTable':
        this.#msix.readTable(found.within, data)
        break
      case 'msixPending':
        this.#msix.readPending(found.within, data)
        break
    }
  }

  write(offset: number, data: Uint8Array): void {
    const found = regionAt(offset, data.length)
    switch (found?.region) {
      case 'common':
        this.#common.write(found.within, data)
        break
      case 'device':
        this.core.writeConfig(found.within, data)
        break
      case 'notify':
        this.core.kick(Math.floor(found.within / notifyMultiplier))
        break
      case 'msixTable':
        this.#msix.writeTable(found.within, data)
        break
    }
  }

  get #command(): number {
    return this.config.bytes.readUInt16LE(header.command)
  }

  #interrupt(isr: number, vector: number): void {
    this.#isr |= isr
    this.#msix.trigger(vector)
  }

  /** Claims BAR 0 and its doorbells where the guest put it, while it lets the function answer memory. */
  #map(): void {
    const base = this.#command & command.memory ? this.config.bytes.readUInt32LE(header.bar0) : 0
    if (base === this.#mappedAt) return
    for (const release of this.#claimed) release()
    this.#claimed = []
    this.#mappedAt = base
    if (base === 0) return
    const claim = this.#options.mmio.claim(base, barSize, this)
    if (claim === null) return
    this.#claimed.push(claim)
    const { notifier, device } = this.#options
    if (notifier === null) return
    device.queueSizes.forEach((_, queue) => {
      const address = base + regions.notify.offset + notifyMultiplier * queue
      this.#claimed.push(notifier.attach({ space: 'memory', address }, () => this.core.kick(queue)))
    })
  }

  /** The offset in BAR 0 that pci_cfg_data stands for, when this access is one of it (§4.1.4.9). */
  #access(offset: number, width: number): number | null {
    const at = this.#capabilities.access
    if (offset < at + accessFields.data || offset >= at + accessFields.end) return null
    const length = this.config.bytes.readUInt32LE(at + accessFields.length)
    const target = this.config.bytes.readUInt32LE(at + accessFields.offset)
    const good = offset === at + accessFields.data && width === length && target % length === 0
    return good && this.config.bytes[at + accessFields.bar] === 0 ? target : null
  }
}
