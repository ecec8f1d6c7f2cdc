import type { BenchResult } from '../../bench.ts'
import { diskBench } from './disk.ts'
import { networkBench } from './network.ts'
import type { InsideOptions } from './rounds.ts'
import { startBench } from './start.ts'
import { upBench } from './up.ts'

/** Runs inside the lab: `main.mjs SAMPLES [PART…]`. Results go to standard output as one line of JSON. */
const parts: Record<string, (options: InsideOptions) => Promise<BenchResult[]>> = {
  start: startBench,
  disk: diskBench,
  network: networkBench,
  up: upBench,
}
const [samples, ...wanted] = process.argv.slice(2)
const bench = '/job/bench'
const files = { kernel: `${bench}/vmlinuz`, initrd: `${bench}/initrd`, io: `${bench}/io` }
const log = (line: string) => process.stdout.write(`${line}\n`)
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const results = await run({ files, samples: Number(samples), log })
  process.stdout.write(`results ${JSON.stringify(results)}\n`)
}
process.exit(0)
