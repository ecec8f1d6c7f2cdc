import { setTimeout as delay } from 'node:timers/promises'
import { PosadaError } from '../../../src/errors/index.ts'
import { deadlineIn } from '../../../src/lib/async/time-limit.ts'
import type { VcpuMetrics } from '../../../src/provider/index.ts'
import type { AddressBus } from '../bus/bus.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { SystemCallError } from '../ffi/system-call-error.ts'
import type { KeptWrites } from '../pci/config-ports.ts'
import { answerAccess } from './exit-channel.ts'
import { beginTrace } from './exit-trace.ts'
import { openKeptWrites } from './kept-writes.ts'
import { kickThread } from './kick.ts'
import type { Ending } from './run-loop.ts'
import { mapRunPage, RunPage } from './run-page.ts'
import { type Command, cell, command, commandOf, exitReasons, type SharedState } from './shared-state.ts'
import { tell, type VcpuThread } from './thread.ts'
import { saveVcpu } from './vcpu-state.ts'
import type { VcpuThreadData, VcpuThreadMessage, VcpuThreadStart } from './worker.ts'

/** A virtual processor, as the thread of the devices sees it. It starts paused. */
export interface Vcpu {
  readonly id: number
  /** Resolves when its thread has made it; rejects with what kept it from that. It takes orders before. */
  readonly ready: Promise<void>
  /** Settles once, when the processor has run for the last time; never rejects. */
  readonly ended: Promise<Ending>
  /** What it has counted so far. */
  metrics(): VcpuMetrics
  /** Has its exits written down, until what is returned is called, which tells them. */
  trace(): ReturnType<typeof beginTrace>
  /** Answers an access of the guest that waits; false when none does. */
  answer(ports: AddressBus, memory: AddressBus): boolean
  /**
   * Resolves when it stands still, whatever the guest does, or has been told otherwise meanwhile. Harmless when it does
   * already or has ended.
   */
  pause(): Promise<void>
  resume(): void
  /** Its state, and what KVM keeps of writes to ports. Only once `pause` has resolved, and before `resume`. */
  save(): { state: Uint8Array; kept: KeptWrites }
  /** Resolves when its thread is gone, however long that takes. */
  stop(): Promise<void>
}

/** What all vCPUs of a machine have in common. */
export type VcpuSetup = Omit<VcpuThreadData, 'id' | 'cpus'>

/** Milliseconds between kicks; one needs some 100 µs, and on a host under load some milliseconds. */
const kickInterval = 10
/** Milliseconds after which the log tells of a vCPU that has not obeyed. */
const slowAfter = 1000

/** Has a thread make its vCPU, which takes a while. */
export function setUpVcpu(thread: VcpuThread, setup: VcpuSetup): void {
  const data: VcpuThreadData = { ...setup, id: thread.id, cpus: thread.cpus }
  tell(thread, data)
}

/** What it takes to kick a vCPU out of the guest. */
interface Handle {
  tid: number
  vcpu: number
  /** Or why it cannot be mapped here: then only a signal that comes while it is inside the guest gets it out. */
  page: RunPage | SystemCallError
}

export interface BeginOptions {
  kvm: number
  start: VcpuThreadStart
  log: (message: string) => void
}

/** The vCPU of a thread that was set up. */
export function beginVcpu(thread: VcpuThread, { kvm, start, log }: BeginOptions): Vcpu {
  const { id, worker, shared, failed, exited } = thread
  const onSlow = () => log(`vCPU ${id} has not left the guest within ${slowAfter} ms; waiting for it`)
  const made = new Promise<Handle>((resolve) => {
    worker.on('message', (message: VcpuThreadMessage) => {
      if (message.type !== 'ready') return
      const { tid, vcpu } = message
      resolve({ tid, vcpu, page: tryToMap(kvm, vcpu) })
    })
  })
  const ended = new Promise<Ending>((resolve) => {
    worker.on('message', (message: VcpuThreadMessage) => {
      if (message.type === 'ended') resolve(message.ending)
    })
    void failed.then((error) => resolve({ why: 'failed', reason: `its thread failed: ${error.message}` }))
    void exited.then(() => resolve({ why: 'failed', reason: 'its thread ended' }))
  })
  let there: Handle | null = null
  void made.then((handle) => {
    there = handle
  })
  tell(thread, start)
  const ready = Promise.race([made, failed]).then((first) => {
    if (first instanceof Error) throw first
    if (first.page instanceof Error) throw first.page
  })
  /** Null where the thread ended before it came to that. */
  const handle = () => Promise.race([made, exited.then(() => null)])

  return {
    id,
    ready,
    ended,
    metrics: () => metricsOf(shared),
    trace: () => beginTrace(id, shared),
    answer: (ports, memory) => answerAccess(shared, ports, memory),
    async pause() {
      if (isStopping(shared)) return
      const order = give(shared, command.pause)
      await kickUntil(await handle(), () => hasObeyed(shared, order), onSlow)
    },
    resume() {
      if (!isStopping(shared)) give(shared, command.run)
    },
    save() {
      if (!(there?.page instanceof RunPage) || !standsStill(shared))
        throw new PosadaError('E_CONTROL', 'the machine does not stand still')
      return { state: saveVcpu(kvm, there.vcpu), kept: openKeptWrites(there.page.ring) }
    },
    async stop() {
      if (isStopping(shared)) return await exited
      give(shared, command.stop)
      const known = await handle()
      await kickUntil(known, () => hasEnded(shared), onSlow)
      await exited
      if (known === null) return
      if (known.page instanceof RunPage) known.page.close()
      closeDescriptor(known.vcpu)
    },
  }
}

function metricsOf({ cells }: SharedState): VcpuMetrics {
  const count = (reason: (typeof exitReasons)[number]) =>
    Atomics.load(cells, cell.exits + exitReasons.indexOf(reason)) >>> 0
  return {
    exits: {
      port: count('port'),
      memory: count('memory'),
      halt: count('halt'),
      interrupted: count('interrupted'),
      other: count('other'),
    },
    forwarded: Atomics.load(cells, cell.forwarded) >>> 0,
  }
}

function tryToMap(kvm: number, vcpu: number): RunPage | SystemCallError {
  try {
    return mapRunPage(kvm, vcpu)
  } catch (error) {
    if (error instanceof SystemCallError) return error
    throw error
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
const standsStill = ({ cells }: SharedState) => {
  const order = Atomics.load(cells, cell.command)
  return commandOf(order) === command.pause && Atomics.load(cells, cell.obeyed) === order
}
const hasEnded = ({ cells }: SharedState) => Atomics.load(cells, cell.ended) === 1
/** Whether it has come to this order or a later one. */
const hasObeyed = (shared: SharedState, order: number) =>
  ((Atomics.load(shared.cells, cell.obeyed) - order) | 0) >= 0 || hasEnded(shared)

/**
 * `immediateExit` is looked at on entry to the guest only, and a signal works on one that is inside only: so
 * both, again and again, until the thread shows that it has seen the command.
 */
async function kickUntil(handle: Handle | null, reached: () => boolean, onSlow: () => void): Promise<void> {
  if (handle === null) return
  const { page, tid } = handle
  const slow = deadlineIn(slowAfter)
  let told = false
  for (let wait = 0; !reached(); wait = Math.min(wait + 1, kickInterval)) {
    if (!told && slow.isOver()) {
      told = true
      onSlow()
    }
    if (page instanceof RunPage) page.immediateExit = true
    if (!kickThread(tid)) return
    await delay(wait)
  }
}
