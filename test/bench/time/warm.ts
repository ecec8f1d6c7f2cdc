import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { sleep } from '../../../src/lib/async/sleep.ts'
import { deadlineIn } from '../../../src/lib/async/time-limit.ts'
import { comparePairs } from '../bench.ts'
import { timed } from '../timed.ts'

const launcher = resolve('bin/posada.js')

interface How {
  samples: number
  log: (line: string) => void
}

/** What a new machine costs that begins with a warm image, beside one that boots. */
export function warmUp({ samples, log }: How) {
  return withImage('{box: debian/12, provider: qemu, cpus: 1, memory: 512MiB}', ({ fresh }) =>
    comparePairs({
      ...{ name: 'warm up ÷ cold up', limit: 0.25, samples, warmUp: 1, log },
      how: 'debian/12, 1 CPU, 512 MiB: `posada up` and `posada up --cold` of a new machine, which end once a command has run over SSH',
      ours: () => fresh('up'),
      theirs: () => fresh('up', '--cold'),
    }),
  )
}

export function warmRun({ samples, log }: How) {
  return withImage('{box: posada/tiny, provider: qemu, memory: 128MiB}', ({ posada }) =>
    comparePairs({
      ...{ name: 'warm run ÷ one second', limit: 1, samples, warmUp: 1, log },
      how: 'posada/tiny, 128 MiB: `posada run --no-workspace -- true`, from prompt to prompt',
      ours: () => posada('run', '--no-workspace', '--', 'true'),
      theirs: async () => 1,
    }),
  )
}

interface Warm {
  posada(...args: string[]): Promise<number>
  /** The same, of a machine that is not there before. */
  fresh(...args: string[]): Promise<number>
}

/** Milliseconds for an image to be made. */
const patience = 300_000

/** With an image, in a cache of its own. */
async function withImage<T>(machine: string, measure: (warm: Warm) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, 'cache'), POSADA_WARM: 'on' }
  const run = (...args: string[]) => timed(process.execPath, [launcher, ...args], { cwd: folder, env })
  const posada = async (...args: string[]) => (await run(...args)).seconds
  const fresh = async (...args: string[]) => {
    await posada('destroy', '--yes')
    return posada(...args)
  }
  try {
    await writeFile(join(folder, 'posada.yaml'), `version: 1\nname: bench\nmachines: {dev: ${machine}}\n`)
    await posada('up')
    const deadline = deadlineIn(patience)
    for (;;) {
      const { warm } = JSON.parse((await run('cache', 'list', '--json')).stdout) as { warm: unknown[] }
      if (warm.length > 0) break
      if (deadline.isOver()) throw new Error('no warm image was made; see the log in the cache')
      await sleep(500)
    }
    return await measure({ posada, fresh })
  } finally {
    await posada('destroy', '--yes')
    await rm(folder, { recursive: true, force: true })
  }
}
