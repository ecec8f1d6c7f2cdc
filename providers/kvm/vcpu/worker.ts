import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { BusDevice } from '../bus/device.ts'
import { closeDescriptor } from '../ffi/descriptors.ts'
import { signalEvent } from '../ffi/events.ts'
import { capability } from '../ffi/kvm-abi.ts'
import { kvmIoctlValue } from '../ffi/kvm-ioctl.ts'
import { threadId } from '../ffi/threads.ts'
import { pciConfigPorts, serialPort } from '../memory/layout.ts'
import { createConfigPorts, type KeptWrites } from '../pci/config-ports.ts'
import { openConfigState } from '../pci/config-state.ts'
import { openSerialPort } from '../platform/serial-port.ts'
import { guestCpuid, setCpuid, supportedCpuid } from './cpuid.ts'
import { AccessRequester, type Bell } from './exit-channel.ts'
import { type EntryState, setInitialState } from './initial-state.ts'
import { openKeptWrites } from './kept-writes.ts'
import { type AccessHandler, type Ending, runLoop } from './run-loop.ts'
import { mapRunPage, type RunPage } from './run-page.ts'
import { access, cell, openSharedState } from './shared-state.ts'
import { abandoned } from './thread.ts'
import { loadVcpu, type VcpuState } from './vcpu-state.ts'

/** What the thread of a vCPU is given first. Descriptors are the process's own. */
export interface VcpuThreadData {
  kvm: number
  vm: number
  id: number
  cpus: number
  nested: boolean
  bell: Bell
  /** A byte a port, 1 where a device of that thread answers. */
  claimedPorts: SharedArrayBuffer
  serial: { shared: SharedArrayBuffer; interrupt: number }
  /** See pci/config-state.ts. */
  pciConfig: SharedArrayBuffer
}

/** What it is given next: where a kernel begins, null for all but the boot processor; or what was saved of a vCPU. */
export type VcpuThreadStart = EntryState | VcpuState | null

/** What it says: once when it is set up and waits for its first command, once when it has ended. */
export type VcpuThreadMessage =
  | { type: 'ready'; vcpu: number; tid: number }
  | { type: 'ended'; ending: Ending }

const say = (message: VcpuThreadMessage) => parentPort?.postMessage(message)

const shared = openSharedState(workerData as SharedArrayBuffer)

become()

function become(): void {
  const data = hear(1) as VcpuThreadData | typeof abandoned
  if (data === abandoned) return
  const { vcpu, page, run } = setUp(data)
  const start = hear(2) as VcpuThreadStart | typeof abandoned
  if (start === abandoned) {
    page.close()
    closeDescriptor(vcpu)
    return
  }
  if (start !== null && 'saved' in start) loadVcpu(data.kvm, vcpu, start)
  else setInitialState(vcpu, start)
  say({ type: 'ready', vcpu, tid: threadId() })
  const ending = run()
  page.close()
  say({ type: 'ended', ending })
}

/** The message of this number, once it is told: without the event loop, which takes Node longer to come to. */
function hear(number: number): unknown {
  const { cells } = shared
  for (let told = 0; told < number; told = Atomics.load(cells, cell.told)) {
    Atomics.wait(cells, cell.told, told)
  }
  return parentPort === null ? null : receiveMessageOnPort(parentPort)?.message
}

/** Makes the vCPU and all that it answers itself. */
function setUp(data: VcpuThreadData): { vcpu: number; page: RunPage; run: () => Ending } {
  const { kvm, vm } = data
  const vcpu = kvmIoctlValue(vm, 'CREATE_VCPU', data.id)
  const deadline = kvmIoctlValue(kvm, 'CHECK_EXTENSION', capability.TSC_DEADLINE_TIMER)
  setCpuid(vcpu, guestCpuid(supportedCpuid(kvm), { ...data, tscDeadlineTimer: deadline !== 0 }))
  const page = mapRunPage(kvm, vcpu)
  const requester = new AccessRequester(shared, data.bell)
  const claimed = new Uint8Array(data.claimedPorts)
  const near = nearPorts(data, requester, openKeptWrites(page.ring))

  const onAccess: AccessHandler = (kind, address, bytes) => {
    const isPort = kind === access.portRead || kind === access.portWrite
    const there = isPort ? nearPort(near, address) : undefined
    if (there !== undefined) {
      const offset = address - there.base
      if (kind === access.portWrite) there.device.write(offset, bytes)
      else there.device.read(offset, bytes)
    } else if (isPort && claimed[address] !== 1) {
      // No device is there: kernels look at many such ports.
      if (kind === access.portRead) bytes.fill(0xff)
    } else {
      requester.request(kind, address, bytes)
    }
  }
  return { vcpu, page, run: () => runLoop({ vcpu, page, shared, onAccess }) }
}

interface NearPorts {
  base: number
  size: number
  device: BusDevice
}

function nearPort(near: readonly NearPorts[], port: number): NearPorts | undefined {
  for (const ports of near) if (port >= ports.base && port < ports.base + ports.size) return ports
  return undefined
}

/** What is answered right here: a kernel's console makes two exits a character, its search for devices a thousand. */
function nearPorts(data: VcpuThreadData, requester: AccessRequester, kept: KeptWrites): NearPorts[] {
  const { base } = pciConfigPorts
  const serial = openSerialPort(data.serial.shared, {
    outputReady: () => signalEvent(data.bell.fd),
    interrupt: () => signalEvent(data.serial.interrupt),
  })
  const functions: BusDevice = {
    read: (offset, bytes) => requester.request(access.portRead, base + offset, bytes),
    write: (offset, bytes) => requester.request(access.portWrite, base + offset, bytes),
  }
  const pci = createConfigPorts({ state: openConfigState(data.pciConfig), functions, kept })
  return [
    { ...serialPort, device: serial },
    { ...pciConfigPorts, device: pci },
  ]
}
