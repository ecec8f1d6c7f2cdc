import type { DeviceMetrics } from '../../../../src/provider/index.ts'
import type { GuestMemory } from '../../memory/guest-memory.ts'
import type { Snapshottable, StateReader, StateWriter } from '../../snapshot/fields.ts'
import { DeviceCounters } from './device-counters.ts'
import { DeviceQueues, servedQueues } from './device-queues.ts'
import { status } from './device-status.ts'
import { Negotiation } from './negotiation.ts'
import type { QueueRegisters } from './queue-registers.ts'
import type { DeviceHost, VirtioDevice } from './virtio-device.ts'

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
export class VirtioCore implements Snapshottable {
  readonly device: VirtioDevice
  readonly #memory: GuestMemory
  readonly #events: CoreEvents
  readonly #features: Negotiation
  #status = 0
  #generation = 0
  readonly #queues: DeviceQueues
  /** What the driver writes meanwhile is ignored. */
  #resetting = false
  #resetDone: Promise<void> = Promise.resolve()
  #unplugged = false
  #memoryAccess = false
  readonly #counters: DeviceCounters

  constructor(device: VirtioDevice, memory: GuestMemory, events: CoreEvents) {
    this.device = device
    this.#memory = memory
    this.#events = events
    this.#features = new Negotiation(device.features)
    this.#counters = new DeviceCounters(device.queueSizes.length)
    this.#queues = new DeviceQueues(memory, device.queueSizes)
  }

  /** Changes with every change of the configuration that the device makes (§2.5). */
  get generation(): number {
    return this.#generation
  }
  get status(): number {
    return this.#status
  }
  get features(): Pick<Negotiation, 'offered' | 'taken'> {
    return this.#features
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

  /** Null where there is no such queue. */
  queueRegisters(index: number): Readonly<QueueRegisters> | null {
    return this.#queues.registers(index)
  }

  /** One that may still be changed: not enabled, before DRIVER_OK (§4.1.4.3.2). What is written to another is ignored. */
  changeableQueue(index: number): QueueRegisters | null {
    const queue = this.#queues.registers(index)
    const fixed = this.#resetting || (this.#status & (status.driverOk | status.needsReset)) !== 0
    return queue === null || queue.enabled || fixed ? null : queue
  }

  enableQueue(index: number): void {
    const queue = this.changeableQueue(index)
    if (queue === null) return
    const problem = this.#queues.problemOf(index)
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
    return this.#counters.metrics(this.#queues.running)
  }

  /** For good: the driver reaches the device no longer, and the device, which is to be reset, no memory. */
  unplug(): void {
    this.#queues.stop()
    this.#unplugged = true
    this.#resetting = true
  }

  /** Its queues give out nothing until `thaw`. Resolves when nothing goes on aside: it can be saved then. */
  async freeze(): Promise<void> {
    for (const queue of this.#queues.running) queue?.freeze()
    await this.#resetDone
    await this.device.quiesce?.()
  }

  /** It goes on: every queue is looked at, and the driver told to look, for it may have been told before it was saved. */
  thaw(): void {
    for (const [index, queue] of this.#queues.running.entries()) {
      queue?.thaw()
      this.#serve(index)
      if (queue !== null) this.#events.queueInterrupt(index)
    }
    if (this.active) this.#events.configInterrupt()
  }

  /** Of one that is frozen. */
  save(to: StateWriter): void {
    to.number(this.#status)
    to.number(this.#generation)
    this.#features.save(to)
    this.#queues.save(to)
    this.device.save?.(to)
  }

  /** By one that no driver has touched; it is frozen then. */
  load(from: StateReader): void {
    this.#status = from.number(0xff)
    this.#generation = from.number(0xff)
    this.#features.load(from)
    this.#queues.load(from)
    const host = this.active ? this.#run() : null
    this.#queues.loadRunning(from)
    if (this.#status & status.needsReset) for (const queue of this.#queues.running) queue?.stop()
    if (host !== null) this.device.activate(host)
    this.device.load?.(from, host)
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
    if (this.active && this.#queues.running[index] != null) this.device.kick(index)
  }

  #activate(): void {
    if (this.#status & status.needsReset) return
    if (!this.#memoryAccess) {
      this.#fault('the driver started it while it may not access memory')
      return
    }
    this.#status |= status.driverOk
    this.device.activate(this.#run())
    for (let index = 0; index < this.#queues.running.length; index += 1) this.#serve(index)
  }

  /** Has the queues run that the driver has enabled. */
  #run(): DeviceHost {
    const features = this.#features.taken
    const running = this.#queues.run({
      features,
      counters: this.#counters,
      onFault: (reason) => this.#fault(reason),
    })
    const isCurrent = () => running === this.#queues.running
    const queues = servedQueues(running, this.#counters, (index) => this.#events.queueInterrupt(index))
    const configChanged = () => {
      this.#generation = (this.#generation + 1) & 0xff
      if (isCurrent() && this.active) this.#events.configInterrupt()
    }
    const fault = (reason: string) => {
      if (isCurrent()) this.#fault(reason)
    }
    return { ...queues, memory: this.#memory, features, configChanged, fault }
  }

  /** A bad guest loses this device until it resets it (§2.1.2). */
  #fault(reason: string): void {
    if (this.#status & status.needsReset) return
    this.#status |= status.needsReset
    this.#counters.faulted()
    for (const queue of this.#queues.running) queue?.stop()
    this.#events.fault(reason)
    if (this.active) this.#events.configInterrupt()
  }

  #reset(): void {
    this.#queues.stop()
    if (!this.active) {
      this.#clear()
      return
    }
    this.#resetting = true
    this.#resetDone = this.device.reset().then(
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
    this.#queues.forget()
  }
}
