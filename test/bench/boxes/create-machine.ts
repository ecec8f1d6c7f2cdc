import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import { createQemuProvider } from '../../../providers/qemu/provider.ts'
import { openBoxStore, type StoredBox } from '../../../src/box/index.ts'
import { machineSpec } from '../../../src/machine/up/spec.ts'
import { projectPaths } from '../../../src/project/paths.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import type { Provider } from '../../../src/provider/index.ts'
import { aMachine } from '../../helpers/model.ts'
import { type BenchResult, median } from '../bench.ts'

const limits = { milliseconds: 50, mebibytes: 1 } as const

/** What making a machine of a box in the store adds to `up`: time, and room on the disk. */
export async function createMachine(
  box: StoredBox,
  { dir, samples, log }: { dir: string; samples: number; log: (line: string) => void },
): Promise<BenchResult[]> {
  const context = { cacheDir: join(dir, 'cache'), emit: () => undefined }
  const results: BenchResult[] = []
  for (const provider of [createQemuProvider(context), createKvmProvider(context)]) {
    const made: { milliseconds: number; mebibytes: number }[] = []
    // What the first pays for programs and kernels that are read from the disk is not counted.
    for (let round = -1; round < samples; round++) {
      const one = await createOnce(provider, box, dir)
      if (round >= 0) made.push(one)
    }
    for (const unit of ['milliseconds', 'mebibytes'] as const) {
      const ours = made.map((one) => one[unit])
      const limit = limits[unit]
      const what = unit === 'milliseconds' ? `${limit} ms` : `${limit} MiB of disk`
      log(
        `making a machine with ${provider.name}: ${ours.map((one) => one.toPrecision(3)).join(', ')} ${unit}`,
      )
      results.push({
        name: `making a machine (${provider.name}) ÷ ${what}`,
        unit: unit === 'milliseconds' ? 'ms' : 'MiB',
        ours,
        theirs: ours.map(() => limit),
        ratio: median(ours) / limit,
        limit: 1,
        how: 'the box looked up by name and checked by its stamps, then the provider’s create: overlay and record, flushed; room as the blocks of all files in the machine’s folder',
      })
    }
  }
  return results
}

async function createOnce(
  provider: Provider,
  { manifest }: StoredBox,
  dir: string,
): Promise<{ milliseconds: number; mebibytes: number }> {
  const root = join(dir, 'project')
  const paths = projectPaths(root, userPaths()).machine('web')
  const begun = process.hrtime.bigint()
  const box = await openBoxStore(userPaths().boxes).resolve(manifest.name, manifest.arch)
  const spec = machineSpec({
    id: '0a1b2c3d',
    config: aMachine({ box: manifest.name, disk: 30 * 2 ** 30 }),
    box,
    paths,
    runtimeDir: join(dir, 'run'),
    forwards: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 40_022, guestPort: 22 }],
    networks: [],
    isolated: false,
    grown: 0,
    hostName: 'web',
    provider: provider.name,
  })
  await provider.create(spec)
  const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6
  const mebibytes = (await roomOf(root)) / 2 ** 20
  await rm(root, { recursive: true })
  return { milliseconds, mebibytes }
}

/** Bytes on the disk of a folder and all that is in it. */
async function roomOf(folder: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(folder, { recursive: true }))
    bytes += (await lstat(join(folder, name))).blocks * 512
  return bytes
}
