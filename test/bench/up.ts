import { join } from 'node:path'
import { boxBuildRequirements, buildRecipe, openBoxStore } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import type { Bench } from './bench.ts'
import { compareLives, liveOnce } from './life.ts'
import { posadaMachine } from './posada-machine.ts'
import { type Original, overlayOf, rawMachine } from './raw-machine.ts'

/** What Posada adds to a boot of plain QEMU. */
export const bench: Bench = {
  name: 'up',

  async unavailable() {
    const missing = boxBuildRequirements().filter((one) => one.path === null)
    return missing.length === 0 ? null : `needs ${missing.map((one) => one.package).join(', ')}`
  },

  async run({ samples, log }) {
    const box = await buildRecipe({
      arch: 'x86_64',
      signal: new AbortController().signal,
      emit: () => undefined,
      recipe: 'debian/12',
      store: openBoxStore(userPaths().boxes),
    })
    const original = await lookAtOne()
    return compareLives({
      name: 'posada ÷ plain QEMU',
      how: 'debian/12, QEMU with TCG, 2 CPUs, 1 GiB; the same arguments and a fresh overlay of the same box; from the start of the process until the first command over SSH has succeeded: ours `posada up`, theirs qemu-system-x86_64 and `ssh true` by OpenSSH, begun when the guest says that it is ready',
      limits: { up: 1.05 },
      samples,
      log,
      ours: async () => liveOnce(await posadaMachine()),
      theirs: async () => liveOnce(await rawMachine(original, box)),
    })
  },
}

/** Starts a machine, for the arguments that Posada gives to QEMU; its files are gone again after this. */
async function lookAtOne(): Promise<Original> {
  const machine = await posadaMachine()
  try {
    await machine.up()
    const folder = join(machine.folder, '.posada', 'machines', 'dev')
    return {
      argv: await machine.argv(),
      folder,
      overlay: await overlayOf(join(folder, 'data', 'root.qcow2')),
    }
  } finally {
    await machine.discard()
  }
}
