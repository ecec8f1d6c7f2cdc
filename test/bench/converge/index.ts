import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type BenchResult, comparePairs, ratioOf } from '../bench.ts'
import { timed } from '../timed.ts'
import { ofDebian } from './layer.ts'
import { type BenchProject, benchProject } from './project.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
const ten = `version: 1
name: bench
defaults:
  box: posada/tiny
  provider: qemu
  memory: 64MiB
  provision: [{name: one, shell: "true"}, {name: two, shell: "true"}]
machines: {${names.map((name) => `${name}: {}`).join(', ')}}
`

export interface How {
  samples: number
  log: (line: string) => void
}

/** What it costs to find out what is to be done, and to do what another machine has done. */
export const bench: Bench = {
  name: 'converge',

  unavailable: async () => (availableParallelism() < 2 ? 'needs two processors' : null),

  run: async (how) => {
    const results = await ofDebian(how)
    const project = await benchProject(ten)
    try {
      results.push(await planned(project, how))
      await project.posada('up')
      results.push(await upAgain(project, how), await watched(project, how))
    } finally {
      await project.discard()
    }
    return results
  },
}

function planned({ posada }: BenchProject, how: How): Promise<BenchResult> {
  return comparePairs({
    ...{ name: 'plan of ten machines ÷ node -e 1', limit: 5, warmUp: 1, ...how },
    how: 'ten posada/tiny with two steps each, none made yet; whole processes',
    ours: () => posada('plan'),
    theirs: async () => (await timed(process.execPath, ['-e', '1'])).seconds,
  })
}

function upAgain({ posada }: BenchProject, how: How): Promise<BenchResult> {
  return comparePairs({
    ...{ name: 'up with nothing to do ÷ status', limit: 1.3, warmUp: 1, ...how },
    how: 'the same ten machines, up and provisioned; whole processes',
    ours: () => posada('up'),
    theirs: () => posada('status'),
  })
}

/** Seconds before the first look at the process, whose start is not what is asked for, and of each sample. */
const watching = { before: 4, each: 10 }

async function watched({ folder, launcher }: BenchProject, { samples, log }: How): Promise<BenchResult> {
  const name = 'processor time of stats --watch of ten machines ÷ time'
  const child = spawn(process.execPath, [launcher, 'stats', '--watch'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.resume()
  const [ours, theirs]: [number[], number[]] = [[], []]
  try {
    await sleep(watching.before * 1000)
    for (let round = 1; round <= samples; round++) {
      const [cpu, begun] = [cpuTime(child.pid ?? 0), performance.now()]
      await sleep(watching.each * 1000)
      const [used, passed] = [cpuTime(child.pid ?? 0) - cpu, (performance.now() - begun) / 1000]
      ours.push(used)
      theirs.push(passed)
      log(`${name}  ${round}/${samples}  ${used.toFixed(3)} s ÷ ${passed.toFixed(3)} s`)
    }
  } finally {
    child.kill('SIGINT')
  }
  const how = 'the same ten machines, idle; the process that watches, from its third look on'
  return { name, how, limit: 0.03, ours, theirs, ratio: ratioOf(ours, theirs) }
}

/** Seconds of processor time that a process has used; its clock ticks are hundredths (proc(5), /proc/pid/stat). */
function cpuTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}
