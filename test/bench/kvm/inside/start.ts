import type { BenchResult } from '../../bench.ts'
import { type InsideOptions, runRounds } from './rounds.ts'
import { builtIn, qemu, type Vmm } from './vmm.ts'

/** How long a process takes to the guest's first line of user space. */
export function startBench({ files, samples, log }: InsideOptions): Promise<BenchResult[]> {
  const measure = (vmm: Vmm) => ({
    name: vmm.name,
    async measure() {
      const machine = await vmm.start(files, 'nothing')
      try {
        const moment = await machine.console.seen('user space')
        return new Map([['first line', Number(moment - machine.begun) / 1e9]])
      } finally {
        await machine.discard()
      }
    },
  })
  const compared = { ours: builtIn.name, value: 'first line', unit: 's' }
  const how =
    '1 CPU, 256 MiB, the same kernel, initrd, disk (qcow2) and devices; from the start of the process to the first line of init on the serial console; ours has the kernel unpacked, as `up` does once'
  return runRounds({
    title: 'start',
    ...{ samples, log },
    warmUp: 1,
    contestants: [builtIn, q35, microvm].map(measure),
    compare: [
      { ...compared, theirs: q35.name, limit: 0.8, how },
      { ...compared, theirs: microvm.name, limit: 1.2, how },
    ],
  })
}

const q35 = qemu('qemu q35')
/** Without the interrupt controllers and timers that a kernel with kvm-clock does not need. */
const microvm = qemu('qemu microvm', {
  machine: 'microvm',
  args: ['-machine', 'pit=off,pic=off,x-option-roms=off'],
})
