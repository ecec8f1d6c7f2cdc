import { enterLongMode } from '../../../providers/kvm/boot/long-mode.ts'
import { closeDescriptor } from '../../../providers/kvm/ffi/descriptors.ts'
import { createRam } from '../../../providers/kvm/memory/ram.ts'
import { createSerialPortState, serialOutput } from '../../../providers/kvm/platform/serial-port.ts'
import { entryPoint } from '../../../providers/kvm/process/entry-points.ts'
import { startVcpuThreads } from '../../../providers/kvm/vcpu/thread.ts'
import { createMachine, type Machine } from '../../../providers/kvm/vm/machine.ts'
import { openKvm } from '../../../providers/kvm/vm/open-kvm.ts'

/** A machine that runs a few instructions in 64-bit mode, from 1 MiB on. */
export interface SmallGuest {
  machine: Machine
  /** What it has sent through the serial port. */
  output(): string
  close(): Promise<void>
}

export interface SmallGuestOptions {
  /** Instructions, or another guest that stands still: this one goes on from there. */
  code: number[] | SmallGuest
  folder: string
  cpus?: number
  memory?: number
}

export const codeAddress = 0x100000

/** Not running yet: plug devices in, then `machine.resume()`. */
export async function startSmallGuest(options: SmallGuestOptions): Promise<SmallGuest> {
  const { code, folder, cpus = 1, memory = 4 * 2 ** 20 } = options
  const threads = startVcpuThreads(cpus, entryPoint('kvm-vcpu', folder))
  const kvm = openKvm()
  const ram = createRam(memory)
  const serial = createSerialPortState()
  const ring = serialOutput(serial)
  let output = ''
  const onOutput = () => {
    for (let bytes = ring.take(); bytes.length > 0; bytes = ring.take())
      output += Buffer.from(bytes).toString('latin1')
  }
  const machine = createMachine({
    kvm,
    ram,
    serial: { shared: serial, onOutput },
    log: () => undefined,
  })
  machine.setUpVcpus({ threads, nested: false })
  if (Array.isArray(code)) {
    ram.memory.slice(codeAddress, code.length)?.set(code)
    await machine.beginVcpus({ boot: enterLongMode(ram.memory, { rip: codeAddress }) })
  } else {
    const before = code.machine.ram.memory.slice(0, memory)
    if (before !== null) ram.memory.slice(0, memory)?.set(before)
    await machine.beginVcpus({ restore: code.machine.save() })
  }
  return {
    machine,
    output: () => output,
    async close() {
      await machine.close()
      ram.clear()
      closeDescriptor(kvm)
    },
  }
}
