import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userPaths } from '../../../src/project/paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Builds an ordinary Debian image with GRUB (two minutes; kept for the next run in the cache folder)
// and boots it through SeaBIOS: a minute with emulated processors.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'ordinary')

let place: MachinesPlace
beforeAll(async () => {
  place = machinesPlace('firmware')
  place.env.XDG_DATA_HOME = join(userPaths().cache, 'test-data')
  place.write('version: 1\nbox: test/ordinary\nmemory: 768MiB\ncpus: 2\n')
  const built = await place.run('box', 'build', recipe)
  expect(built, built.stderr).toMatchObject({ code: 0 })
}, 600_000)
afterAll(() => place.cleanUp())

describe('a box without a kernel of its own', () => {
  it('boots through its firmware and boot loader', async () => {
    await place.json('up')
    const look = 'cat /proc/cmdline; cat /sys/class/dmi/id/bios_vendor'
    expect((await place.run('exec', '--', 'sh', '-c', look)).stdout).toMatch(/BOOT_IMAGE=.*\nSeaBIOS\n/)
    expect((await place.json<{ machines: object[] }>('halt')).machines).toMatchObject([{ how: 'graceful' }])
  })
})
