import type { GuestMemory } from '../../memory/guest-memory.ts'
import type { Snapshottable, StateReader, StateWriter } from '../../snapshot/fields.ts'
import { unusable } from '../../snapshot/unusable.ts'
import { setupProblem } from '../queue/layout.ts'
import { SplitQueue } from '../queue/split-queue.ts'
import type { DeviceCounters } from './device-counters.ts'
import { ringFeatures } from './negotiation.ts'
import { QueueRegisters } from './queue-registers.ts'
import { type DeviceHost, hasFeature } from './virtio-device.ts'

interface RunOptions {
  /** That the driver took. */
  features: bigint
  counters: DeviceCounters
  onFault: (reason: string) => void
}

/** The queues of one device: what its driver says of them, and those it has enabled, once they run. */
export class DeviceQueues implements Snapshottable {
  readonly #memory: GuestMemory
  readonly #largest: readonly number[]
  #registers: QueueRegisters[] = []
  #running: (SplitQueue | null)[] = []

  /** @param largest entries of each queue */
  constructor(memory: GuestMemory, largest: readonly number[]) {
    this.#memory = memory
    this.#largest = largest
    this.forget()
  }

  /** By their numbers; none before `run`. */
  get running(): readonly (SplitQueue | null)[] {
    return this.#running
  }

  registers(index: number): QueueRegisters | null {
    return this.#registers[index] ?? null
  }

  /** What is wrong with where the driver put a queue; null: nothing. */
  problemOf(index: number): string | null {
    const queue = this.#registers[index]
    return queue === undefined
      ? 'there is none'
      : setupProblem(this.#memory, queue.setup, this.#largest[index] ?? 0)
  }

  /** Makes those that are enabled. `onFault` is told which of them its driver broke a rule of, and which rule. */
  run({ features, counters, onFault }: RunOptions): readonly (SplitQueue | null)[] {
    this.#running = this.#registers.map(({ enabled, setup }, index) =>
      enabled
        ? new SplitQueue({
            memory: this.#memory,
            setup,
            eventIndex: hasFeature(features, ringFeatures.eventIndex),
            indirect: hasFeature(features, ringFeatures.indirect),
            counters: counters.of(index),
            onFault: (reason) => onFault(`queue ${index}: ${reason}`),
          })
        : null,
    )
    return this.#running
  }

  /** None of those that run touches memory any more. */
  stop(): void {
    for (const queue of this.#running) queue?.stop()
    this.#running = []
  }

  /** The driver has said nothing yet. */
  forget(): void {
    this.#registers = this.#largest.map((size) => new QueueRegisters(size))
  }

  save(to: StateWriter): void {
    for (const queue of [...this.#registers, ...this.#running]) queue?.save(to)
  }

  /** What the driver has said; `loadRunning` comes next. */
  load(from: StateReader): void {
    for (const [index, queue] of this.#registers.entries()) {
      queue.load(from)
      const problem = queue.enabled ? this.problemOf(index) : null
      if (problem !== null) throw unusable(`its queue ${index}: ${problem}`)
    }
  }

  /** By those that `run` has just made; they are frozen then. */
  loadRunning(from: StateReader): void {
    for (const queue of this.#running) {
      queue?.load(from)
      queue?.freeze()
    }
  }
}

/** Queues as their device sees them; `interrupt` where the driver wants that. */
export function servedQueues(
  running: readonly (SplitQueue | null)[],
  counters: DeviceCounters,
  interrupt: (queue: number) => void,
): Pick<DeviceHost, 'queue' | 'notify' | 'interrupt'> {
  const told = (index: number) => {
    counters.interrupted(index)
    interrupt(index)
  }
  return {
    queue: (index) => running[index] ?? null,
    notify: (index) => {
      if (running[index]?.needsInterrupt()) told(index)
    },
    interrupt: told,
  }
}
