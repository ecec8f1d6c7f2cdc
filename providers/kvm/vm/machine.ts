import { sleep } from '../../../src/lib/async/sleep.ts'
import type { VcpuMetrics } from '../../../src/provider/index.ts'
import { type AddressBus, createBus } from '../bus/bus.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { createEventDescriptor } from '../ffi/events.ts'
import { serialPort } from '../memory/layout.ts'
import type { Ram } from '../memory/ram.ts'
import { setConfigAddress } from '../pci/config-ports.ts'
import { configCell, createConfigState, openConfigState } from '../pci/config-state.ts'
import { StateReader, StateWriter } from '../snapshot/fields.ts'
import { unusable } from '../snapshot/unusable.ts'
import { answerBurst } from '../vcpu/exit-channel.ts'
import type { TracedExit } from '../vcpu/exit-trace.ts'
import type { EntryState } from '../vcpu/initial-state.ts'
import type { Ending } from '../vcpu/run-loop.ts'
import { abandonThreads, type VcpuThread } from '../vcpu/thread.ts'
import { beginVcpu, setUpVcpu, type Vcpu } from '../vcpu/vcpu.ts'
import type { VcpuThreadStart } from '../vcpu/worker.ts'
import { createDoorbells, type Doorbells } from './doorbells.ts'
import { watchEvent } from './event-watch.ts'
import { createInterrupts, type Interrupts } from './interrupts.ts'
import { createVm } from './vm.ts'
import { loadVm, saveVm } from './vm-state.ts'

/** A machine without devices: memory, buses, interrupts, and vCPUs once they are started. */
export interface Machine {
  readonly ram: Ram
  readonly ports: AddressBus
  /** The memory addresses that are not RAM. */
  readonly memory: AddressBus
  readonly interrupts: Interrupts
  readonly doorbells: Doorbells
  /** What vCPUs read of the PCI bus by themselves; see pci/config-state.ts. */
  readonly pciConfig: SharedArrayBuffer
  /** Has threads make the vCPUs, which takes them a while. Once only. */
  setUpVcpus(options: VcpuSettings): void
  /**
   * Says where the processors begin, once kernel or memory are loaded and the devices are plugged in. The vCPUs stand
   * still until `resume`, which need not wait for them to be there. Resolves when they are; rejects with what kept
   * one from it, and the machine is to be closed then.
   */
  beginVcpus(origin: Origin): Promise<void>
  pause(): Promise<void>
  resume(): void
  /**
   * All of it but RAM and devices, as `Origin` takes it; between `pause` and `resume` only.
   *
   * @throws PosadaError E_CONTROL for one that runs, E_MEMORY_UNUSABLE where KVM is too old
   */
  save(): SavedMachine
  /** Settles with the reason, once any vCPU has ended. Never rejects. */
  readonly ended: Promise<Ending>
  /** What each vCPU has counted so far. */
  metrics(): VcpuMetrics[]
  /** Every exit of the next so many milliseconds, in order; `lost`: those that there was no room for. One at a time. */
  trace(milliseconds: number): Promise<ExitTrace>
  /** Stops the vCPUs, however long that takes, and gives everything back but the RAM. */
  close(): Promise<void>
}

export interface ExitTrace {
  exits: TracedExit[]
  lost: number
}

/** Where a machine begins: at the first instruction of a kernel, or where another was saved. */
export type Origin = { boot: EntryState } | { restore: SavedMachine }

export interface SavedMachine {
  /** Interrupt controllers, timer, clock, and the address in the PCI bus. */
  vm: Uint8Array
  /** One a vCPU. */
  vcpus: readonly Uint8Array[]
}

export interface MachineOptions {
  kvm: number
  ram: Ram
  /** State of the serial port, and who takes what the guest sends through it. */
  serial: { shared: SharedArrayBuffer; onOutput: () => void }
  log: (message: string) => void
}

export interface VcpuSettings {
  /** One a vCPU, none used before. */
  threads: readonly VcpuThread[]
  nested: boolean
}

/** Exits of all vCPUs together: a line of the control socket has some 100 bytes for each. */
const mostToTell = 20_000

/** Ports have 16 bits; of memory, addresses up to 2^52 fit a double and cover what x86 processors have. */
const portSpace = 2 ** 16
const memorySpace = 2 ** 52

/** @throws SystemCallError when KVM refuses */
export function createMachine({ kvm, ram, serial, log }: MachineOptions): Machine {
  const vm = createVm(kvm, ram)
  const interrupts = createInterrupts(vm.fd)
  const doorbells = createDoorbells(vm.fd)
  const claimedPorts = new SharedArrayBuffer(portSpace)
  const ports = createBus(portSpace, new Uint8Array(claimedPorts))
  const memory = createBus(memorySpace)
  const pciConfig = createConfigState()
  const pciCells = openConfigState(pciConfig).cells
  let setUp: readonly VcpuThread[] = []
  let vcpus: readonly Vcpu[] = []
  const bell = { fd: createEventDescriptor(), watching: new SharedArrayBuffer(4) }
  const watching = new Int32Array(bell.watching)
  const answer = () => vcpus.reduce((any, vcpu) => vcpu.answer(ports, memory) || any, false)
  const unwatch = watchEvent(bell.fd, () => {
    serial.onOutput()
    answerBurst(watching, answer)
  })
  let settleEnded: (ending: Ending) => void
  const ended = new Promise<Ending>((resolve) => {
    settleEnded = resolve
  })

  return {
    ram,
    ports,
    memory,
    interrupts,
    doorbells,
    pciConfig,
    ended,
    setUpVcpus({ threads, nested }) {
      const serialThread = { shared: serial.shared, interrupt: interrupts.line(serialPort.gsi).fd }
      const setup = { kvm, vm: vm.fd, nested, bell, claimedPorts, pciConfig, serial: serialThread }
      for (const thread of threads) setUpVcpu(thread, setup)
      setUp = threads
    },
    async beginVcpus(origin) {
      vcpus = setUp.map((thread) => beginVcpu(thread, { kvm, start: startOf(origin, thread.id), log }))
      setUp = []
      for (const vcpu of vcpus) void vcpu.ended.then(settleEnded)
      await Promise.all(vcpus.map(({ ready }) => ready))
      if (!('restore' in origin)) return
      const from = new StateReader(origin.restore.vm)
      loadVm(vm.fd, from)
      pciCells[configCell.address] = from.number()
      from.end()
    },
    save() {
      const saved = vcpus.map((vcpu) => vcpu.save())
      saved[0]?.kept.take(setConfigAddress(pciCells))
      const to = new StateWriter()
      saveVm(vm.fd, to)
      to.number((pciCells[configCell.address] ?? 0) >>> 0)
      return { vm: to.content, vcpus: saved.map(({ state }) => state) }
    },
    pause: async () => {
      await Promise.all(vcpus.map((vcpu) => vcpu.pause()))
    },
    resume: () => {
      for (const vcpu of vcpus) vcpu.resume()
    },
    metrics: () => vcpus.map((vcpu) => vcpu.metrics()),
    async trace(milliseconds) {
      const traces = vcpus.map((vcpu) => vcpu.trace())
      await sleep(milliseconds)
      const ended = traces.map((end) => end())
      const exits = ended.flatMap((trace) => trace.exits).sort((a, b) => a.at - b.at)
      return {
        exits: exits.slice(0, mostToTell),
        lost: ended.reduce((sum, { lost }) => sum + lost, Math.max(0, exits.length - mostToTell)),
      }
    },
    async close() {
      await Promise.all(vcpus.map((vcpu) => vcpu.stop()))
      await abandonThreads(setUp)
      serial.onOutput()
      unwatch()
      doorbells.close()
      interrupts.close()
      closeDescriptor(bell.fd)
      vm.close()
    },
  }
}

/** How a vCPU begins. */
function startOf(origin: Origin, id: number): VcpuThreadStart {
  if ('boot' in origin) return id === 0 ? origin.boot : null
  const saved = origin.restore.vcpus[id]
  if (saved === undefined) throw unusable(`it has no processor ${id}`)
  return { saved }
}
