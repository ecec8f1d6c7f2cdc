import { setTimeout as delay } from 'node:timers/promises'
import type { AddressBus } from '../bus/bus.ts'
import { closeDescriptor } from '../ffi/libc.ts'
import { answerAccess } from './exit-channel.ts'
import type { EntryState } from './initial-state.ts'
import { kickThread } from './kick.ts'
import type { Ending } from './run-loop.ts'
import { mapRunPage, type RunPage } from './run-page.ts'
import { type Command, cell, command, commandOf, type SharedState } from './shared-state.ts'
import type { VcpuThread } from './thread.ts'
import type { VcpuThreadData, VcpuThreadMessage, VcpuThreadStart } from './worker.ts'

/** A virtual processor, as the thread of the devices sees it. It starts paused. */
export interface Vcpu {
  readonly id: number
  /** Settles once, when the processor will run no more; never rejects. */
  readonly ended: Promise<Ending>
  /** Exits to user space so far. */
  exits(): number
  /** Answers an access of the guest that waits; false when none does. */
  answer(ports: AddressBus, memory: AddressBus): boolean
  /** Resolves when it stands still, whatever the guest does. Harmless when it does already or has ended. */
  pause(): Promise<void>
  resume(): void
  /** Resolves when its thread is gone. */
  stop(): Promise<void>
}

/** What all vCPUs of a machine have in common. */
export type VcpuSetup = Omit<VcpuThreadData, 'shared' | 'id' | 'cpus'>

/** How long a kick may take; one needs some 100 µs, and a machine under load some milliseconds. */
const kickInterval = 10
const kickLimit = 1000

/** Has a thread make its vCPU, which takes a while. */
export function setUpVcpu({ id, cpus, worker, shared }: VcpuThread, setup: VcpuSetup): void {
  const data: VcpuThreadData = { ...setup, id, cpus, shared: shared.buffer }
  worker.postMessage(data)
}

/**
 * The vCPU of a thread that was set up, once it is there.
 *
 * @param entry where to begin: null for all but the boot processor
 * @throws Error what the thread died of meanwhile
 */
export async function beginVcpu(
  { id, worker, shared, failed, exited }: VcpuThread,
  kvm: number,
  entry: EntryState | null,
): Promise<Vcpu> {
  const ready = new Promise<VcpuThreadMessage & { type: 'ready' }>((resolve) => {
    worker.on('message', (message: VcpuThreadMessage) => {
      if (message.type === 'ready') resolve(message)
    })
  })
  const start: VcpuThreadStart = entry
  worker.postMessage(start)
  const first = await Promise.race([ready, failed])
  if (first instanceof Error) throw first
  const { tid, vcpu } = first
  const ended = new Promise<Ending>((resolve) => {
    worker.on('message', (message: VcpuThreadMessage) => {
      if (message.type === 'ended') resolve(message.ending)
    })
    void failed.then((error) => resolve({ why: 'failed', reason: `its thread failed: ${error.message}` }))
    void exited.then(() => resolve({ why: 'failed', reason: 'its thread ended' }))
  })
  const page = mapRunPage(kvm, vcpu)

  return {
    id,
    ended,
    exits: () => Atomics.load(shared.cells, cell.exits) >>> 0,
    answer: (ports, memory) => answerAccess(shared, ports, memory),
    async pause() {
      if (isStopping(shared)) return
      const order = give(shared, command.pause)
      await kickUntil(page, tid, () => hasObeyed(shared, order))
    },
    resume() {
      if (!isStopping(shared)) give(shared, command.run)
    },
    async stop() {
      const again = isStopping(shared)
      if (!again) give(shared, command.stop)
      await kickUntil(page, tid, () => hasEnded(shared))
      await exited
      if (!again) closeDescriptor(vcpu)
    },
  }
}

/** Gives an order, told apart from the one before. */
function give({ cells }: SharedState, value: Command): number {
  const order = ((Atomics.load(cells, cell.command) & ~3) + 4 + value) | 0
  Atomics.store(cells, cell.command, order)
  Atomics.notify(cells, cell.command)
  return order
}

const isStopping = ({ cells }: SharedState) => commandOf(Atomics.load(cells, cell.command)) === command.stop
const hasEnded = ({ cells }: SharedState) => Atomics.load(cells, cell.ended) === 1
const hasObeyed = (shared: SharedState, order: number) =>
  Atomics.load(shared.cells, cell.obeyed) === order || hasEnded(shared)

/**
 * `immediateExit` is looked at on entry to the guest only, and a signal works on one that is inside only: so
 * both, again and again, until the thread shows that it has seen the command.
 */
async function kickUntil(page: RunPage, tid: number, reached: () => boolean): Promise<void> {
  const limit = performance.now() + kickLimit
  for (let wait = 0; !reached(); wait = Math.min(wait + 1, kickInterval)) {
    if (performance.now() > limit)
      throw new Error(`the thread of a vCPU did not answer within ${kickLimit} ms`)
    page.immediateExit = true
    if (!kickThread(tid)) return
    await delay(wait)
  }
}
