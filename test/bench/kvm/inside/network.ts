import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { BenchResult } from '../../bench.ts'
import { countExits } from './counts.ts'
import { measureGuest } from './guest-measures.ts'
import { networkBytes } from './guest-run.ts'
import { type InsideOptions, runRounds } from './rounds.ts'
import { builtIn, qemuWithPasst } from './vmm.ts'

/** Between a guest and a program of the host, by TCP through passt. */
export async function networkBench({ files, samples, log }: InsideOptions): Promise<BenchResult[]> {
  const server = spawn(files.io, ['serve', '7001'], { stdio: 'ignore' })
  const ended = once(server, 'exit')
  const exits = countExits()
  const times = (name: string, rate: number) => (name === 'rounds' ? rate * 1.5 : networkBytes / 2 ** 20)
  try {
    const how =
      '1 CPU, 256 MiB; one TCP connection to a program of the host through passt, packets of up to 65520 bytes; 16 MiB each way, or round trips of one byte for 1.5 s; twice a machine'
    const compared = { ours: builtIn.name, theirs: qemuWithPasst.name, how }
    return await runRounds({
      title: 'network',
      ...{ samples, log },
      contestants: [builtIn, qemuWithPasst].map((vmm) => ({
        name: vmm.name,
        measure: () => measureGuest({ start: () => vmm.start(files, 'network'), exits, times }),
      })),
      compare: [
        { ...compared, value: 'send', unit: 'MiB/s', limit: 0.6, atLeast: true },
        { ...compared, value: 'receive', unit: 'MiB/s', limit: 0.6, atLeast: true },
        { ...compared, value: 'rounds', unit: '/s', limit: null },
        ...['send exits', 'receive exits'].map((value) => ({
          ...compared,
          value,
          unit: 'a MiB',
          limit: null,
        })),
        { ...compared, value: 'rounds exits', unit: 'a round trip', limit: null },
        { ...compared, value: 'memory', unit: 'MiB', limit: null },
      ],
    })
  } finally {
    exits.stop()
    server.kill()
    await ended
  }
}
