import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openBoxStore } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { type Bench, comparePairs, median } from './bench.ts'
import { timed } from './timed.ts'

const launcher = resolve('bin/posada.js')
const MACHINES = 4
/** proc_pid_stat(5): times are in clock ticks, a hundred a second on all that Node runs on. */
const TICKS = 100

/** What it takes to bring four machines up together, against one alone. */
export const bench: Bench = {
  name: 'together',

  async unavailable() {
    const boxes = await openBoxStore(userPaths().boxes).list()
    return boxes.some(({ name }) => name === 'posada/tiny') ? null : 'needs the box posada/tiny'
  },

  async run({ samples, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
    const machine = `{box: posada/tiny, memory: 128MiB, replicas: ${MACHINES}}`
    await writeFile(join(folder, 'posada.yaml'), `version: 1\nmachines:\n  m: ${machine}\n`)
    const posada = (...args: string[]) => timed(process.execPath, [launcher, ...args], { cwd: folder })
    const cpu: Record<string, number[]> = { four: [], one: [] }
    const up = async (what: 'four' | 'one', ...names: string[]) => {
      try {
        const { seconds } = await posada('up', ...names)
        cpu[what]?.push(await processorSeconds((await posada('status', '--json')).stdout))
        return seconds
      } finally {
        await posada('destroy', '--yes')
      }
    }
    try {
      const result = await comparePairs({
        name: `${MACHINES} machines up together ÷ one alone`,
        how: 'posada/tiny, 1 CPU and 128 MiB each, new each time; from the start of posada up to its end',
        limit: null,
        samples,
        log,
        ours: () => up('four'),
        theirs: () => up('one', 'm-1'),
      })
      const [four, one] = [median(cpu.four ?? []), median(cpu.one ?? [])]
      log(
        `processor time of the hypervisors: ${four.toFixed(1)} s ÷ ${one.toFixed(1)} s = ${(four / one).toFixed(2)}`,
      )
      return [result]
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** User and system time of the machines that a status document names. */
async function processorSeconds(status: string): Promise<number> {
  const { machines } = JSON.parse(status) as { machines: { pid: number | null }[] }
  const times = machines.map(async ({ pid }) => {
    if (pid === null) return 0
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  })
  return (await Promise.all(times)).reduce((sum, seconds) => sum + seconds, 0)
}
