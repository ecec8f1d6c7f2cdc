import { type Bench, type BenchResult, holds, median } from './bench.ts'
import { bench as bootToSsh } from './boot.ts'
import { bench as boxes } from './boxes/index.ts'
import { bench as commandLine } from './command-line.ts'
import { bench as converge } from './converge/index.ts'
import { bench as kvm } from './kvm/index.ts'
import { bench as network } from './network.ts'
import { bench as registry } from './registry.ts'
import { bench as throwAway } from './run/index.ts'
import { bench as ssh } from './ssh.ts'
import { bench as folders } from './sync/index.ts'
import { bench as time } from './time/index.ts'
import { interruptMeasured } from './timed.ts'
import { bench as together } from './together.ts'
import { bench as upToSsh } from './up.ts'
import { bench as vagrant } from './vagrant.ts'

const benches: Bench[] = [
  commandLine,
  ssh,
  upToSsh,
  bootToSsh,
  vagrant,
  kvm,
  together,
  network,
  registry,
  boxes,
  throwAway,
  folders,
  time,
  converge,
]

/** `npm run bench`, or `npm run bench -- NAME…`; SAMPLES=n for another number than five. */
const wanted = process.argv.slice(2)
const samples = Number(process.env.SAMPLES ?? 5)
const log = (line: string) => process.stderr.write(`${line}\n`)
const results: BenchResult[] = []
interruptMeasured()
// New machines boot, where a bench does not say otherwise.
process.env.POSADA_WARM = 'off'
for (const bench of benches) {
  if (wanted.length > 0 && !wanted.includes(bench.name)) continue
  const why = await bench.unavailable()
  if (why === null) results.push(...(await bench.run({ samples, log })))
  else log(`${bench.name}: left out, ${why}`)
}

const middle = ({ unit = 's' }: BenchResult, values: readonly number[]) =>
  values.length === 0 ? '-' : `${median(values).toPrecision(4)} ${unit}`
const times = (ratio: number) => (Number.isNaN(ratio) ? '-' : ratio.toFixed(2))
const verdict = (result: BenchResult) => {
  const held = holds(result)
  if (held === null) return 'reported'
  return `${held ? 'within' : 'MISSED:'} ${result.atLeast === true ? 'at least' : 'at most'} ${result.limit}`
}
process.stdout.write('| comparison | ours | theirs | ratio | limit |\n|---|---|---|---|---|\n')
for (const result of results) {
  const { name, ours, theirs, ratio } = result
  process.stdout.write(
    `| ${name} | ${middle(result, ours)} | ${middle(result, theirs)} | ${times(ratio)} | ${verdict(result)} |\n`,
  )
}
process.exitCode = results.some((result) => holds(result) === false) ? 1 : 0
