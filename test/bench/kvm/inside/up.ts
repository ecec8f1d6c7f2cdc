import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BenchResult } from '../../bench.ts'
import { type InsideOptions, runRounds } from './rounds.ts'

const run = promisify(execFile)

/** `posada up` of posada/tiny, from its start until its first command over SSH has succeeded and it has ended. */
export async function upBench({ samples, log }: InsideOptions): Promise<BenchResult[]> {
  const measure = (provider: string) => ({
    name: provider,
    async measure() {
      const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
      const manifest = `version: 1\nmachines:\n  web: {box: posada/tiny, provider: ${provider}, cpus: 1, memory: 256MiB}\n`
      await writeFile(join(folder, 'posada.yaml'), manifest)
      const posada = async (...args: string[]) => {
        const begun = process.hrtime.bigint()
        await run(process.execPath, ['/job/project/bin/posada.js', ...args], {
          cwd: folder,
          env: environment,
        })
        return Number(process.hrtime.bigint() - begun) / 1e9
      }
      try {
        const fresh = await posada('up')
        await posada('halt')
        const again = await posada('up')
        return new Map([
          ['up', fresh],
          ['second up', again],
        ])
      } finally {
        await posada('destroy', '--yes')
        await rm(folder, { recursive: true, force: true })
      }
    },
  })
  await mkdir(environment.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 })
  const how =
    'posada/tiny, 1 CPU, 256 MiB; `posada up` from its start to its end, which is after the first command over SSH; theirs is provider qemu with KVM; the kernel is unpacked before'
  return runRounds({
    title: 'up',
    ...{ samples, log },
    warmUp: 1,
    contestants: ['kvm', 'qemu'].map(measure),
    compare: [
      { ours: 'kvm', theirs: 'qemu', value: 'up', unit: 's', limit: 1, how },
      { ours: 'kvm', theirs: 'qemu', value: 'second up', unit: 's', limit: null, how },
    ],
  })
}

/** The boxes lie below /job/data; everything else is made in memory. */
const environment = {
  ...process.env,
  POSADA_WARM: 'off',
  XDG_DATA_HOME: '/job/data',
  XDG_STATE_HOME: '/tmp/bench-state',
  XDG_CACHE_HOME: '/tmp/bench-up-cache',
  XDG_RUNTIME_DIR: '/run/bench',
}
