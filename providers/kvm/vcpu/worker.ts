import { parentPort, workerData } from 'node:worker_threads'
import type { BusDevice } from '../bus/device.ts'
import { openSerialPort } from '../devices/serial-port.ts'
import { capability, KVM } from '../ffi/kvm-abi.ts'
import { ioctlValue, signalEvent, threadId } from '../ffi/libc.ts'
import { pciConfigPorts, serialPort } from '../memory/layout.ts'
import { createConfigPorts } from '../pci/config-ports.ts'
import { openConfigState } from '../pci/config-state.ts'
import { guestCpuid, setCpuid, supportedCpuid } from './cpuid.ts'
import { AccessRequester, type Bell } from './exit-channel.ts'
import { type EntryState, setInitialState } from './initial-state.ts'
import { openKeptWrites } from './kept-writes.ts'
import { type Ending, runLoop } from './run-loop.ts'
import { mapRunPage } from './run-page.ts'
import { access, openSharedState } from './shared-state.ts'

/** What the thread of a vCPU is given. Descriptors are the process's own. */
export interface VcpuThreadData {
  kvm: number
  vm: number
  id: number
  cpus: number
  nested: boolean
  shared: SharedArrayBuffer
  bell: Bell
  /** A byte a port, 1 where a device of that thread answers. */
  claimedPorts: SharedArrayBuffer
  serial: { shared: SharedArrayBuffer; interrupt: number }
  /** See pci/config-state.ts. */
  pciConfig: SharedArrayBuffer
}

/** What it waits for before it is ready: where to begin; null for all but the boot processor. */
export type VcpuThreadStart = EntryState | null

/** What it says: once when it is set up and waits for its first command, once when it has ended. */
export type VcpuThreadMessage =
  | { type: 'ready'; vcpu: number; tid: number }
  | { type: 'ended'; ending: Ending }

const data = workerData as VcpuThreadData
const say = (message: VcpuThreadMessage) => parentPort?.postMessage(message)

const vcpu = ioctlValue(data.vm, KVM.CREATE_VCPU, data.id, 'KVM_CREATE_VCPU')
const deadline = ioctlValue(
  data.kvm,
  KVM.CHECK_EXTENSION,
  capability.TSC_DEADLINE_TIMER,
  'KVM_CHECK_EXTENSION',
)
setCpuid(vcpu, guestCpuid(supportedCpuid(data.kvm), { ...data, tscDeadlineTimer: deadline !== 0 }))
const page = mapRunPage(data.kvm, vcpu)
const shared = openSharedState(data.shared)

const requester = new AccessRequester(shared, data.bell)
const claimedPorts = new Uint8Array(data.claimedPorts)

const serial = openSerialPort(data.serial.shared, {
  outputReady: () => signalEvent(data.bell.fd),
  interrupt: () => signalEvent(data.serial.interrupt),
})

const pci = createConfigPorts({
  state: openConfigState(data.pciConfig),
  functions: {
    read: (offset, bytes) => requester.request(access.portRead, pciConfigPorts.base + offset, 0, bytes),
    write: (offset, bytes) => requester.request(access.portWrite, pciConfigPorts.base + offset, 0, bytes),
  },
  kept: openKeptWrites(page.ring),
})

/** What is answered right here: a kernel's console makes two exits a character, its search for devices a thousand. */
const near: readonly { base: number; size: number; device: BusDevice }[] = [
  { ...serialPort, device: serial },
  { ...pciConfigPorts, device: pci },
]

parentPort?.once('message', (entry: VcpuThreadStart) => {
  setInitialState(vcpu, entry)
  say({ type: 'ready', vcpu, tid: threadId() })
  say({ type: 'ended', ending: runLoop(vcpu, page, shared, { access: answer }) })
})

function answer(kind: number, low: number, high: number, bytes: Uint8Array): void {
  const isPort = kind === access.portRead || kind === access.portWrite
  const there = isPort ? near.find(({ base, size }) => low >= base && low < base + size) : undefined
  if (there !== undefined) {
    const offset = low - there.base
    if (kind === access.portWrite) there.device.write(offset, bytes)
    else there.device.read(offset, bytes)
  } else if (isPort && claimedPorts[low] !== 1) {
    // Nobody there: kernels knock at many such doors.
    if (kind === access.portRead) bytes.fill(0xff)
  } else {
    requester.request(kind, low, high, bytes)
  }
}
