import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userPaths } from '../../../src/project/paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots Debian with GRUB twice through SeaBIOS and once by its kernel: a minute with emulated processors, and
// another where the image is not in the cache folder yet.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'cloud')

let place: MachinesPlace
beforeAll(async () => {
  place = machinesPlace('firmware')
  place.env.XDG_DATA_HOME = join(userPaths().cache, 'test-data')
  const machines = 'machines: {disk: {box: test/cloud}, direct: {box: test/converted}}'
  place.write(`version: 1\ndefaults: {memory: 768MiB}\n${machines}\n`)
  const built = await place.run('box', 'build', recipe)
  expect(built, built.stderr).toMatchObject({ code: 0 })
}, 600_000)
afterAll(async () => {
  await place.run('destroy', '--yes')
  await place.run('box', 'remove', 'test/converted')
  await place.cleanUp()
})

const look = async (machine: string, command: string) =>
  (await place.run('exec', machine, '--', 'sh', '-c', command)).stdout

describe('a box without a kernel of its own', () => {
  it('boots through its firmware and boot loader', async () => {
    await place.json('up', 'disk')
    const command = 'cat /proc/cmdline; cat /sys/class/dmi/id/bios_vendor'
    expect(await look('disk', command)).toMatch(/BOOT_IMAGE=.*\nSeaBIOS\n/)
    expect((await place.json<{ machines: object[] }>('halt')).machines).toMatchObject([{ how: 'graceful' }])
  }, 400_000)

  it('becomes one that boots by its kernel', async () => {
    const options = ['--with-kernel', '--name', 'test/converted', '--version', '1', '--force']
    const packaged = await place.run('box', 'package', 'disk', ...options)
    expect(packaged, packaged.stderr).toMatchObject({ code: 0 })
    await place.json('up', 'direct')
    expect(await look('direct', 'cat /proc/cmdline; hostname; uname -r; ls /boot')).toMatch(
      /^root=LABEL=root ro quiet .*\ndirect\n(\S+)\n(.*\n)*vmlinuz-\1\n/,
    )
  }, 600_000)
})
