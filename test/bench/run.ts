import { type Bench, type BenchResult, median } from './bench.ts'
import { bench as bootToSsh } from './boot.ts'
import { bench as commandLine } from './command-line.ts'
import { interruptMeasured } from './timed.ts'
import { bench as upToSsh } from './up.ts'
import { bench as vagrant } from './vagrant.ts'

const benches: Bench[] = [commandLine, upToSsh, bootToSsh, vagrant]

/** `npm run bench`, or `npm run bench -- NAME…`; SAMPLES=n for another number than five. */
const wanted = process.argv.slice(2)
const samples = Number(process.env.SAMPLES ?? 5)
const log = (line: string) => process.stderr.write(`${line}\n`)
const results: BenchResult[] = []
interruptMeasured()
for (const bench of benches) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue
  const why = await bench.unavailable()
  if (why === null) results.push(...(await bench.run({ samples, log })))
  else log(`${bench.name}: left out, ${why}`)
}

const seconds = (values: readonly number[]) => (values.length === 0 ? '-' : `${median(values).toFixed(3)} s`)
const times = (ratio: number) => (Number.isNaN(ratio) ? '-' : ratio.toFixed(2))
const verdict = ({ ratio, limit }: BenchResult) =>
  limit === null ? 'reported' : `${ratio <= limit ? 'within' : 'OVER'} ${limit}`
process.stdout.write('| comparison | ours | theirs | ratio | limit |\n|---|---|---|---|---|\n')
for (const result of results) {
  const { name, ours, theirs, ratio } = result
  process.stdout.write(
    `| ${name} | ${seconds(ours)} | ${seconds(theirs)} | ${times(ratio)} | ${verdict(result)} |\n`,
  )
}
process.exitCode = results.some(({ ratio, limit }) => limit !== null && ratio > limit) ? 1 : 0
