import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny on an emulated aarch64: 15 s on an idle host.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('architectures')
})
afterAll(() => place?.cleanUp())

const runsPrograms = existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64')

it.skipIf(!runsPrograms)(
  'another architecture: is logged in to, and stops by its power button',
  async () => {
    place.write('version: 1\nbox: posada/tiny\narch: aarch64\nmemory: 256MiB\nboot_timeout: 10m\n')
    const { machines } = await place.json<{ machines: object[] }>('up')
    expect(machines).toMatchObject([{ provider: 'qemu', accelerator: 'tcg' }])
    const { stdout } = await place.run(
      'exec',
      '--',
      'sh',
      '-c',
      'uname -m; tr -d "\\0" </proc/device-tree/model',
    )
    expect(stdout.split('\n')).toEqual(['aarch64', 'linux,dummy-virt'])
    const halted = await place.json<{ machines: object[] }>('halt')
    expect(halted.machines).toMatchObject([{ how: 'graceful' }])
  },
  900_000,
)

it('is refused where the provider cannot run it, with the package of one that can', async () => {
  place.write('version: 1\nmachines: {one: {box: posada/tiny, arch: aarch64, provider: kvm}}\n')
  expect(await place.fails('E_CAPABILITY', 'up', 'one')).toMatchObject({
    message: 'provider kvm cannot run aarch64 guests on this host',
    hint: 'QEMU does: sudo apt-get install qemu-system-arm',
  })
})
