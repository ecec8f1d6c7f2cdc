import { join } from 'node:path'
import { execa } from 'execa'
import { boxBuildRequirements, buildRecipe, openBoxStore } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/user-paths.ts'
import type { Bench } from './bench.ts'
import { ensureLibvirt } from './libvirt.ts'
import { compareLives, liveOnce } from './life.ts'
import { posadaMachine } from './posada-machine.ts'
import { vagrantPlace } from './vagrant-machine.ts'

/** The same system in Posada and in Vagrant with libvirt, side by side. */
export const bench: Bench = {
  name: 'vagrant',

  async unavailable() {
    const programs = ['vagrant', 'libvirtd', 'virtlogd', 'virsh', 'dnsmasq', 'tar']
    const found = await Promise.all(programs.map((name) => succeeds('sh', ['-c', `command -v ${name}`])))
    const missing = programs.filter((_, index) => found[index] !== true)
    if (missing.length > 0) {
      return `${missing.join(', ')} missing: apt-get install vagrant vagrant-libvirt libvirt-daemon-system dnsmasq-base`
    }
    if (!(await succeeds('sh', ['-c', 'vagrant plugin list | grep -q vagrant-libvirt'])))
      return 'vagrant-libvirt is missing'
    if (process.getuid?.() !== 0) return 'libvirt of the system needs root'
    const tools = boxBuildRequirements().filter((one) => one.path === null)
    return tools.length === 0 ? null : `needs ${tools.map((one) => one.package).join(', ')}`
  },

  async run({ samples, log }) {
    const paths = userPaths()
    const build = { arch: 'x86_64' as const, signal: new AbortController().signal, emit: () => undefined }
    await buildRecipe({ ...build, recipe: 'debian/12', store: openBoxStore(paths.boxes) })
    const ordinary = await buildRecipe({
      ...build,
      recipe: './test/fixtures/boxes/ordinary-12',
      store: openBoxStore(join(paths.cache, 'bench', 'boxes')),
    })
    const libvirt = await ensureLibvirt()
    try {
      const place = await vagrantPlace(ordinary)
      try {
        // The first machine of a box uploads its image to libvirt's pool, once for all.
        await liveOnce(await place.machine())
        return await compareLives({
          name: 'posada ÷ Vagrant',
          how: 'the same packages, 2 CPUs, 1 GiB, QEMU with TCG, whole commands; ours debian/12; theirs an ordinary image (BIOS, GRUB) with vagrant-libvirt, driver "qemu", machine type q35, no synced folder, the key of the box kept, the image already in the pool',
          samples,
          log,
          ours: async () => liveOnce(await posadaMachine()),
          theirs: async () => liveOnce(await place.machine()),
        })
      } finally {
        await place.remove()
      }
    } finally {
      await libvirt.stop()
    }
  },
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  return (await execa(program, args, { reject: false, stdin: 'ignore' })).exitCode === 0
}
