import { parentPort, workerData } from 'node:worker_threads'
import { openSerialPort } from '../devices/serial-port.ts'
import { capability, KVM } from '../ffi/kvm-abi.ts'
import { ioctlValue, signalEvent, threadId } from '../ffi/libc.ts'
import { serialPort } from '../memory/layout.ts'
import { guestCpuid, setCpuid, supportedCpuid } from './cpuid.ts'
import { AccessRequester, type Bell } from './exit-channel.ts'
import { type EntryState, setInitialState } from './initial-state.ts'
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

// The serial port is answered right here: a kernel's console makes two exits a character.
const serial = openSerialPort(data.serial.shared, {
  outputReady: () => signalEvent(data.bell.fd),
  interrupt: () => signalEvent(data.serial.interrupt),
})

parentPort?.once('message', (entry: VcpuThreadStart) => {
  setInitialState(vcpu, entry)
  say({ type: 'ready', vcpu, tid: threadId() })
  say({ type: 'ended', ending: runLoop(vcpu, page, shared, { access: answer }) })
})

function answer(kind: number, low: number, high: number, bytes: Uint8Array): void {
  const isPort = kind === access.portRead || kind === access.portWrite
  if (isPort && low >= serialPort.base && low < serialPort.base + serialPort.size) {
    const offset = low - serialPort.base
    if (kind === access.portWrite) serial.write(offset, bytes)
    else serial.read(offset, bytes)
  } else if (isPort && claimedPorts[low] !== 1) {
    // Nobody there: kernels knock at many such doors.
    if (kind === access.portRead) bytes.fill(0xff)
  } else {
    requester.request(kind, low, high, bytes)
  }
}
