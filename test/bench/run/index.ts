import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { type Bench, comparePairs } from '../bench.ts'
import { timed } from '../timed.ts'

const launcher = resolve('bin/posada.js')
const small = 'version: 1\nname: bench\nbox: posada/tiny\nmemory: 192MiB\n'

/** What a throw-away machine costs beside the commands that it is made of. */
export const bench: Bench = {
  name: 'run',

  unavailable: async () => (availableParallelism() < 2 ? 'needs two processors' : null),

  async run({ samples, log }) {
    const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
    const posada = async (...args: string[]) =>
      (await timed(process.execPath, [launcher, ...args], { cwd: folder })).seconds
    try {
      await writeFile(join(folder, 'posada.yaml'), small)
      await writeFile(join(folder, '.gitignore'), 'tree\n')
      const whole = await comparePairs({
        ...{ name: 'run ÷ up, exec and destroy', limit: 0.95, samples, warmUp: 1, log },
        how: 'posada/tiny, cold: `posada run --no-workspace -- true`, and `posada up`, `posada exec -- true`, `posada destroy --yes`',
        ours: () => posada('run', '--no-workspace', '--', 'true'),
        theirs: async () =>
          (await posada('up')) + (await posada('exec', '--', 'true')) + (await posada('destroy', '--yes')),
      })
      const eight = await comparePairs({
        ...{ name: 'eight runs in parallel ÷ one run × 4', limit: 1.1, samples, log },
        how: 'posada/tiny, `posada run --parallel 8 --matrix N=1,…,8 --no-workspace -- true` on two processors, and four times the time of one run',
        ours: () =>
          posada('run', '--parallel', '8', '--matrix', 'N=1,2,3,4,5,6,7,8', '--no-workspace', '--', 'true'),
        theirs: async () => 4 * (await posada('run', '--no-workspace', '--', 'true')),
      })
      return [whole, eight, await workspace(folder, { samples, log })]
    } finally {
      await timed(process.execPath, [launcher, 'destroy', '--yes'], { cwd: folder })
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** 2,000 files into a machine that has just come up, for both sides. */
async function workspace(folder: string, { samples, log }: { samples: number; log: (line: string) => void }) {
  const tree = join(folder, 'tree')
  for (let count = 0; count < 2000; count++) {
    const place = join(tree, `folder-${count % 50}`)
    await mkdir(place, { recursive: true })
    await writeFile(join(place, `file-${count}`), 'x'.repeat((count % 20) * 500))
  }
  const posada = (...args: string[]) => timed(process.execPath, [launcher, ...args], { cwd: folder })
  const sending = async () => {
    const args = [launcher, 'run', '--debug', '--file', join(folder, 'posada.yaml'), '--', 'true']
    const { stderr } = await execa(process.execPath, args, { cwd: tree, stdin: 'ignore' })
    const done = stderr.split('\n').find((line) => /^debug: step .*"done".*"workspace"/.test(line))
    return JSON.parse(done?.slice('debug: step '.length) ?? '{}').ms / 1000
  }
  return comparePairs({
    ...{ name: 'workspace of 2,000 files ÷ tar over ssh', limit: 1.1, samples, log },
    how: 'the stage "sending the workspace" of `posada run`, as it tells its time, and `tar -c | ssh HOST tar -x` with a connection of its own, both into a posada/tiny that has just come up',
    ours: sending,
    theirs: async () => {
      await posada('destroy', '--yes')
      await posada('up')
      const { stdout } = await posada('ssh-config')
      const config = join(folder, 'ssh_config')
      await writeFile(config, stdout)
      const [, host = 'default'] = /^Host (\S+)/m.exec(stdout) ?? []
      const script = `tar -C '${tree}' -c . | ssh -F '${config}' ${host} 'mkdir w && tar -C w -x'`
      return (await timed('sh', ['-c', script])).seconds
    },
  })
}
