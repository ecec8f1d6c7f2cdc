import type { BenchResult } from '../../bench.ts'
import { countExits } from './counts.ts'
import { measureGuest } from './guest-measures.ts'
import { type InsideOptions, runRounds } from './rounds.ts'
import { builtIn, qemu } from './vmm.ts'

const q35 = qemu('qemu q35')
const patterns = ['seq-read', 'seq-write', 'rand-read', 'rand-write'].flatMap((name) => [
  `${name}-1`,
  `${name}-8`,
])

/** 4 KiB requests of a guest to its disk, direct I/O, one and eight at a time. */
export async function diskBench({ files, samples, log }: InsideOptions): Promise<BenchResult[]> {
  const exits = countExits()
  const times = (_: string, rate: number) => rate * 1.5
  try {
    const how =
      '1 CPU, 256 MiB; qcow2 in memory, through the page cache, its first 64 MiB written before; requests of 4 KiB with O_DIRECT, one or eight at a time for 1.5 s, twice a machine'
    return await runRounds({
      title: 'disk',
      ...{ samples, log },
      contestants: [builtIn, q35].map((vmm) => ({
        name: vmm.name,
        measure: () => measureGuest({ start: () => vmm.start(files, 'disk'), exits, times }),
      })),
      compare: [
        ...patterns.map((value) => ({
          ...{ ours: builtIn.name, theirs: q35.name, value, unit: '/s', limit: 0.6, atLeast: true, how },
        })),
        ...['rand-read-1', 'rand-write-8'].map((pattern) => ({
          ...{ ours: builtIn.name, theirs: q35.name, value: `${pattern} exits`, unit: 'a request' },
          ...{ limit: null, how: 'returns of KVM_RUN to user space, from the tracepoint kvm_userspace_exit' },
        })),
        {
          ...{ ours: builtIn.name, theirs: q35.name, value: 'memory', unit: 'MiB', limit: null },
          how: 'Pss of the process without the memory of the guest, after all of the above',
        },
      ],
    })
  } finally {
    exits.stop()
  }
}
