import type { DeviceMetrics } from '../../../../src/provider/index.ts'
import { newCounters, type QueueCounters } from '../queue/counters.ts'
import type { SplitQueue } from '../queue/split-queue.ts'

/** What is counted of one device, over all its resets. */
export class DeviceCounters {
  readonly #queues: QueueCounters[]
  #faults = 0

  constructor(queueCount: number) {
    this.#queues = Array.from({ length: queueCount }, newCounters)
  }

  of(queue: number): QueueCounters {
    return this.#queues[queue] ?? newCounters()
  }

  kicked(queue: number): void {
    this.of(queue).kicks += 1
  }

  interrupted(queue: number): void {
    this.of(queue).interrupts += 1
  }

  faulted(): void {
    this.#faults += 1
  }

  /** So far; the device's name is the machine's to know. `running`: the queues of now, by their numbers. */
  metrics(running: readonly (SplitQueue | null)[]): Omit<DeviceMetrics, 'name'> {
    const queues = this.#queues.map((counters, index) => ({
      ...counters,
      inFlight: running[index]?.inFlight ?? 0,
    }))
    return { queues, faults: this.#faults }
  }
}
