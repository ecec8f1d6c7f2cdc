import { join } from 'node:path'
import { boxBuildRequirements, buildRecipe, openBoxStore, type StoredBox } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import { bootRaw } from '../helpers/raw-box.ts'
import { type Bench, type BenchResult, comparePairs } from './bench.ts'

/** How much sooner `debian/12` and `debian/13` are at SSH than the same packages as an ordinary disk image. */
export const bench: Bench = {
  name: 'boot',

  async unavailable() {
    const missing = boxBuildRequirements().filter((one) => one.path === null)
    return missing.length === 0 ? null : `needs ${missing.map((one) => one.package).join(', ')}`
  },

  async run({ samples, log }) {
    const signal = new AbortController().signal
    const paths = userPaths()
    // The ordinary image is a test's: it stays out of the user's boxes.
    const ordinaryStore = openBoxStore(join(paths.cache, 'bench', 'boxes'))
    const build = { arch: 'x86_64' as const, signal, emit: () => undefined }
    const results: BenchResult[] = []
    for (const release of ['12', '13']) {
      const fixture = `./test/fixtures/boxes/ordinary-${release}`
      const ordinary = await buildRecipe({ ...build, recipe: fixture, store: ordinaryStore })
      const ours = await buildRecipe({
        ...build,
        recipe: `debian/${release}`,
        store: openBoxStore(paths.boxes),
      })
      results.push(
        await comparePairs({
          name: `boot of debian/${release} ÷ ordinary image, to the first SSH command`,
          how: 'QEMU, TCG, q35, 2 CPUs, 1 GiB; the same packages; ordinary: BIOS, GRUB without a menu, initramfs-tools, Debian units, ed25519 host key only; from process start until `ssh true` has succeeded, begun when the guest says that it is ready',
          limit: 0.35,
          samples: Math.max(5, samples),
          log,
          ours: () => secondsToSsh(ours),
          theirs: () => secondsToSsh(ordinary),
        }),
      )
    }
    return results
  },
}

async function secondsToSsh(box: StoredBox): Promise<number> {
  const started = process.hrtime.bigint()
  const machine = await bootRaw(box)
  try {
    const { code } = await machine.ssh('true')
    if (code !== 0) throw new Error(`ssh to ${box.manifest.name} failed (${code})`)
    return Number(process.hrtime.bigint() - started) / 1e9
  } finally {
    await machine.discard()
  }
}
