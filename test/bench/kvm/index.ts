import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { boxFiles } from '../../lab/box-files.ts'
import { builtFiles, runInLab } from '../../lab/lab.ts'
import type { Bench, BenchResult } from '../bench.ts'
import { benchFiles } from './guest.ts'

const run = promisify(execFile)
/** Milliseconds; the whole takes half an hour on two idle cores. */
const patience = 2 * 3600_000

/**
 * The built-in hypervisor beside QEMU with KVM, both inside the lab. PARTS=start,disk,network,up for some of it.
 */
export const bench: Bench = {
  name: 'kvm',

  async unavailable() {
    const missing: string[] = []
    for (const program of ['qemu-system-x86_64', 'passt', 'gcc']) {
      await run('which', [program]).catch(() => missing.push(program))
    }
    return missing.length === 0 ? null : `needs ${missing.join(', ')}`
  },

  async run({ samples, log }) {
    const work = await mkdtemp(join(tmpdir(), 'posada-bench-kvm-'))
    try {
      const files = await benchFiles(work)
      const { output, exitCode } = await runInLab({
        files: {
          ...builtFiles,
          ...(await boxFiles('posada/tiny')),
          'project/bench.mjs': await insideProgram(work),
          'bench/vmlinuz': files.kernel,
          'bench/initrd': files.initrd,
          'bench/io': files.io,
        },
        script: `mount -t tracefs none /sys/kernel/tracing
cd /job/project && node bench.mjs ${Math.max(5, samples)} ${(process.env.PARTS ?? '').replaceAll(',', ' ')}
`,
        timeout: patience,
        memory: 6 * 2 ** 30,
        onOutput: lines(log),
      })
      if (exitCode !== 0) throw new Error(`the benches ended with ${exitCode}: ${output.slice(-3000)}`)
      return [...output.matchAll(/^results (.*?)\r?$/gm)].flatMap(
        ([, json]) => JSON.parse(json ?? '[]') as BenchResult[],
      )
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  },
}

/** What runs inside, as one file beside the project's node_modules. */
async function insideProgram(work: string): Promise<string> {
  const outfile = join(work, 'bench.mjs')
  await build({
    entryPoints: [resolve('test/bench/kvm/inside/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['koffi'],
    logLevel: 'warning',
  })
  return outfile
}

/** Whole lines of a text that comes in pieces. */
function lines(log: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const whole = (rest + text).split(/\r?\n/)
    rest = whole.pop() ?? ''
    for (const line of whole) if (!line.startsWith('results ')) log(line)
  }
}
