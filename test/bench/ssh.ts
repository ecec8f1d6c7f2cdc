import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, type BenchResult, comparePairs } from './bench.ts'
import { posadaMachine } from './posada-machine.ts'
import { timed } from './timed.ts'

const launcher = resolve('bin/posada.js')
const files = 500
const large = 20_000_000
/** Milliseconds in which a shell for our next command is started, and theirs ends: neither is to be slower for the other. */
const after = 1000
/** What `exec true` ÷ a new `ssh true`, and a copy ÷ tar over ssh or scp, must not exceed. */
const limits = { exec: 0.7, copy: 1.1 }

/** Commands and copies in a machine that is up, beside OpenSSH's own programs with the configuration that we make. */
export const bench: Bench = {
  name: 'ssh',
  unavailable: async () => null,
  async run({ samples, log }) {
    const machine = await posadaMachine()
    const dir = await mkdtemp(join(tmpdir(), 'posada-bench-ssh-'))
    try {
      await machine.up()
      await machine.settle()
      const posada = (...args: string[]) =>
        timed(process.execPath, [launcher, ...args], { cwd: machine.folder })
      const config = join(dir, 'config')
      await writeFile(config, (await posada('ssh-config')).stdout)
      await mkdir(join(dir, 'many'))
      for (let n = 0; n < files; n++) await writeFile(join(dir, 'many', `${n}`), `${n}`.repeat(500))
      await writeFile(join(dir, 'large'), Buffer.alloc(large, 'posada'))
      const shell = (script: string) => timed('sh', ['-c', script, config, dir])
      await posada('copy', join(dir, 'many'), 'dev:/tmp/many')
      await posada('copy', join(dir, 'large'), 'dev:/tmp/large')

      const compare = (name: string, limit: number, sides: [ours: string[], theirs: string]) =>
        comparePairs({
          name,
          how: 'whole processes, in turn, in a machine that was used before',
          limit,
          samples,
          warmUp: 1,
          log,
          ours: () => rested(posada(...sides[0])),
          theirs: () => rested(shell(sides[1])),
        })
      const results: BenchResult[] = []
      const exec = ['exec', 'dev', '--', 'true']
      results.push(await compare('posada exec true ÷ ssh true', limits.exec, [exec, 'ssh -F "$0" dev true']))
      for (const [name, ours, theirs] of [
        [
          `copy of ${files} files in ÷ tar over ssh`,
          ['copy', join(dir, 'many'), 'dev:/tmp/a'],
          'tar -C "$1/many" -c . | ssh -F "$0" dev "mkdir -p /tmp/b && tar -C /tmp/b -x"',
        ],
        [
          `copy of ${files} files out ÷ tar over ssh`,
          ['copy', 'dev:/tmp/many', join(dir, 'a')],
          'mkdir -p "$1/b" && ssh -F "$0" dev "tar -C /tmp/many -c ." | tar -C "$1/b" -x',
        ],
        [
          'copy of 20 MB in ÷ scp',
          ['copy', join(dir, 'large'), 'dev:/tmp/large-a'],
          'scp -q -F "$0" "$1/large" dev:/tmp/large-b',
        ],
        [
          'copy of 20 MB out ÷ scp',
          ['copy', 'dev:/tmp/large', join(dir, 'large-a')],
          'scp -q -F "$0" dev:/tmp/large "$1/large-b"',
        ],
      ] as const)
        results.push(await compare(name, limits.copy, [[...ours], theirs]))
      return results
    } finally {
      await machine.discard()
      await rm(dir, { recursive: true, force: true })
    }
  },
}

async function rested(run: Promise<{ seconds: number }>): Promise<number> {
  const { seconds } = await run
  await sleep(after)
  return seconds
}
