import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Bench, comparePairs } from './bench.ts'

const posada = resolve('bin/posada.js')
/** A start of Node is short and noisy: more pairs than the slow benches take. */
const MORE = 5

function timed(args: string[], cwd: string): number {
  const begun = process.hrtime.bigint()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr}`)
  return Number(process.hrtime.bigint() - begun) / 1e9
}

/** What the tool itself costs, beside a Node that does nothing. */
export const bench: Bench = {
  name: 'command-line',
  unavailable: async () => null,
  async run({ samples, log }) {
    const folder = mkdtempSync(join(tmpdir(), 'posada-bench-'))
    const machines = ['a', 'b', 'c', 'd', 'e'].map((name) => `  ${name}: {box: debian/12}`)
    writeFileSync(join(folder, 'posada.yaml'), `version: 1\nmachines:\n${machines.join('\n')}\n`)
    const compare = (name: string, args: string[], limit: number) =>
      comparePairs({
        name: `posada ${name} ÷ node -e 1`,
        how: 'whole processes, in turn',
        limit,
        samples: samples * MORE,
        warmUp: 2,
        log,
        ours: async () => timed([posada, ...args], folder),
        theirs: async () => timed(['-e', '1'], folder),
      })
    try {
      return [await compare('--version', ['--version'], 2), await compare('status', ['status'], 4)]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}
