import type { DeviceMetrics } from '../../../../src/provider/index.ts'
import type { GuestMemory } from '../../memory/guest-memory.ts'
import { isQueueSize, setupProblem } from '../queue/layout.ts'
import { SplitQueue } from '../queue/split-queue.ts'
import { DeviceCounters } from './device-counters.ts'
import { status } from './device-status.ts'
import { Negotiation, ringFeatures } from './negotiation.ts'
import { QueueRegisters } from './queue-registers.ts'
import { type DeviceHost, hasFeature, type VirtioDevice } from './virtio-device.ts'

/** How the transport reaches the driver. */
export interface CoreEvents {
  queueInterrupt(queue: number): void
  configInterrupt(): void
  /** A rule was broken; for the machine's log. */
  fault(reason: string): void
}

/**
 * The life of one device as every transport needs it: status, feature negotiation, queue set-up, reset
 * (virtio 1.2, §2.1, §2.2, §2.4, §3.1). A transport only maps registers onto this.
 */
export class VirtioCore {
  readonly device: VirtioDevice
  readonly #memory: GuestMemory
  readonly #events: CoreEvents
  readonly #features: Negotiation
  #status = 0
  #generation = 0
  #queues: QueueRegisters[] = []
  #running: (SplitQueue | null)[] = []
  /** What the driver writes meanwhile is ignored. */
  #resetting = false
  #unplugged = false
  #memoryAccess = false
  readonly #counters: DeviceCounters

  constructor(device: VirtioDevice, memory: GuestMemory, events: CoreEvents) {
    this.device = device
    this.#memory = memory
    this.#events = events
    this.#features = new Negotiation(device.features)
    this.#counters = new DeviceCounters(device.queueSizes.length)
    this.#forgetQueues()
  }

  /** Changes with every change of the configuration that the device makes (§2.5). */
  get generation(): number {
    return this.#generation
  }
  get status(): number {
    return this.#status
  }
  get offeredFeatures(): bigint {
    return this.#features.offered
  }
  get driverFeatures(): bigint {
    return this.#features.taken
  }
  get active(): boolean {
    return (this.#status & status.driverOk) !== 0
  }

  /** 32 of the driver's features from bit `32 × word`; ignored once FEATURES_OK stands (§2.2). */
  setDriverFeatures(word: number, value: number): void {
    if (!(this.#status & status.featuresOk) && !this.#resetting) this.#features.take(word, value)
  }

  /**
   * Writes the status register. 0 resets: the register then reads 0 only when the device is quiet
   * (§2.4.1). Bits cannot be cleared one by one (§2.1.1); FEATURES_OK is refused when the driver took
   * what was not offered or is not a modern driver (§3.1.1).
   */
  writeStatus(value: number): void {
    if (this.#resetting) return
    if (value === 0) {
      this.#reset()
      return
    }
    const wanted = (this.#status | value) & 0x8f
    const added = wanted & ~this.#status
    let next = this.#status | (added & (status.acknowledge | status.driver | status.failed))
    if (added & status.featuresOk && this.#features.acceptable) next |= status.featuresOk
    this.#status = next
    if (added & status.driverOk && next & status.featuresOk) this.#activate()
  }

  /**
   * Whether the transport lets the device access memory and interrupt (on PCI, that it is a bus master). One
   * that runs is reset where it no longer may: a kernel that is left behind by kexec has still queues in memory that is
   * no longer its own.
   */
  setMemoryAccess(allowed: boolean): void {
    this.#memoryAccess = allowed
    if (!allowed && this.active && !this.#resetting) this.#reset()
  }

  /** Null where there is no such queue. Changed by the methods below only. */
  queueRegisters(index: number): Readonly<QueueRegisters> | null {
    return this.#queues[index] ?? null
  }

  setQueueSize(index: number, size: number): void {
    const queue = this.#changeable(index)
    if (queue !== null && isQueueSize(size, this.device.queueSizes[index] ?? 0)) queue.size = size
  }

  /** `word` is one of `addressWords`; `value` has 32 bits. */
  setQueueWord(index: number, word: number, value: number): void {
    const queue = this.#changeable(index)
    if (queue !== null) queue.words[word] = value
  }

  enableQueue(index: number): void {
    const queue = this.#changeable(index)
    if (queue === null) return
    const problem = setupProblem(this.#memory, queue.setup, this.device.queueSizes[index] ?? 0)
    if (problem === null) queue.enabled = true
    else this.#fault(`queue ${index}: ${problem}`)
  }

  /** The doorbell of a queue. */
  kick(index: number): void {
    this.#counters.kicked(index)
    this.#serve(index)
  }

  /** What was counted so far; the device's name is the machine's to know. */
  metrics(): Omit<DeviceMetrics, 'name'> {
    return this.#counters.metrics(this.#running)
  }

  /** For good: the driver reaches the device no longer, and the device, which is to be reset, no memory. */
  unplug(): void {
    for (const queue of this.#running) queue?.stop()
    this.#running = []
    this.#unplugged = true
    this.#resetting = true
  }

  readConfig(offset: number, data: Uint8Array): void {
    data.fill(0)
    const length = Math.min(data.length, this.device.configLength - offset)
    if (length > 0) this.device.readConfig(offset, data.subarray(0, length))
  }

  writeConfig(offset: number, data: Uint8Array): void {
    const fits = offset + data.length <= this.device.configLength
    if (fits && !this.#resetting && !(this.#status & status.needsReset)) this.device.writeConfig(offset, data)
  }

  #serve(index: number): void {
    if (this.active && this.#running[index] != null) this.device.kick(index)
  }

  /** A queue that is not enabled, before DRIVER_OK (§4.1.4.3.2): what is written to another is ignored. */
  #changeable(index: number): QueueRegisters | null {
    const queue = this.#queues[index]
    const fixed = this.#resetting || (this.#status & (status.driverOk | status.needsReset)) !== 0
    return queue === undefined || queue.enabled || fixed ? null : queue
  }

  #activate(): void {
    if (this.#status & status.needsReset) return
    if (!this.#memoryAccess) {
      this.#fault('the driver started it while it may not access memory')
      return
    }
    this.#status |= status.driverOk
    const features = this.#features.taken
    this.#running = this.#queues.map(({ setup, enabled }, index) =>
      enabled
        ? new SplitQueue({
            memory: this.#memory,
            setup,
            eventIndex: hasFeature(features, ringFeatures.eventIndex),
            indirect: hasFeature(features, ringFeatures.indirect),
            counters: this.#counters.of(index),
            onFault: (reason) => this.#fault(`queue ${index}: ${reason}`),
          })
        : null,
    )
    this.device.activate(this.#host(features))
    for (let index = 0; index < this.#running.length; index += 1) this.#serve(index)
  }

  #host(features: bigint): DeviceHost {
    const running = this.#running
    return {
      memory: this.#memory,
      features,
      queue: (index) => running[index] ?? null,
      notify: (index) => {
        if (!running[index]?.needsInterrupt()) return
        this.#counters.interrupted(index)
        this.#events.queueInterrupt(index)
      },
      configChanged: () => {
        this.#generation = (this.#generation + 1) & 0xff
        if (running === this.#running && this.active) this.#events.configInterrupt()
      },
      fault: (reason) => {
        if (running === this.#running) this.#fault(reason)
      },
    }
  }

  /** A bad guest loses this device until it resets it (§2.1.2). */
  #fault(reason: string): void {
    if (this.#status & status.needsReset) return
    this.#status |= status.needsReset
    this.#counters.faulted()
    for (const queue of this.#running) queue?.stop()
    this.#events.fault(reason)
    if (this.active) this.#events.configInterrupt()
  }

  #reset(): void {
    for (const queue of this.#running) queue?.stop()
    this.#running = []
    if (!this.active) {
      this.#clear()
      return
    }
    this.#resetting = true
    this.device.reset().then(
      () => this.#clear(),
      (error: unknown) => {
        // The register keeps its value, so the driver waits; the machine runs on without the device.
        this.#events.fault(`reset failed: ${String(error)}`)
      },
    )
  }

  #clear(): void {
    this.#status = 0
    this.#features.reset()
    this.#resetting = this.#unplugged
    this.#forgetQueues()
  }

  #forgetQueues(): void {
    this.#queues = this.device.queueSizes.map((size) => new QueueRegisters(size))
  }
}
