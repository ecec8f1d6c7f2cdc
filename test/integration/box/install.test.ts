import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bootDisc } from '../../helpers/boot-disc.ts'
import { bootSector } from '../../helpers/boot-sector.ts'
import { busyboxGuest } from '../../helpers/busybox-guest.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { ended } from '../../helpers/posada.ts'

// Installers of a few instructions: from a kernel and an initrd (3 s each when emulated), and from a disc (1 s); three of
// them at once, then one more. 35 s.

let place: MachinesPlace
let kernel: Buffer
let initrd: Buffer
beforeAll(async () => {
  const guest = await busyboxGuest()
  ;[kernel, initrd] = [readFileSync(guest.kernel), readFileSync(guest.initrd)]
  place = machinesPlace('install')
  // What is built here is of no use to anyone else.
  place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
})
afterAll(() => place?.cleanUp())

/** The folder of a recipe whose installer runs these commands. */
function recipe(name: string, answers: string, more = ''): void {
  const folder = join(place.dir, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'linux'), kernel)
  writeFileSync(join(folder, 'initrd'), initrd)
  writeFileSync(join(folder, 'answers.sh'), answers)
  writeFileSync(join(folder, 'sector.img'), bootSector('\r\nhello from the box\r\nready> '))
  writeFileSync(join(folder, 'recipe.yaml'), recipeText(name, `${fromKernel}${more}`))
}

const fromKernel = `kernel: linux
  initrd: initrd
  cmdline: no_timer_check guest.then=answers
  answers: [answers.sh, sector.img]
  memory: 256MiB
`
const recipeText = (name: string, install: string) => `name: test/${name}
description: A system of a few instructions
arch: [x86_64]
disk: 8MiB
minMemory: 32MiB
install:
  ${install}`

const manifest = `version: 1
boxes: {test/installed: ./installed}
box: test/installed
guest: other
provider: qemu
memory: 64MiB
halt_timeout: 1s
ready: [{console: "hello from the box", timeout: 2m, interval: 200ms}]
`

it('makes a box of what an installer has written, once', async () => {
  recipe('installed', 'dd if=/sector.img of=/dev/vda conv=fsync; echo "all is written"; poweroff -f\n')
  place.write(manifest)
  const { machines } = await place.json<{ machines: object[] }>('up')
  expect(machines).toMatchObject([{ name: 'default', change: 'created', ready: true }])
  const again = await place.run('box', 'build', './installed')
  expect(again.code, again.stderr).toBe(0)
  expect(again.stderr).toContain('was built from the same recipe')
  expect(again.stderr).not.toContain('all is written')
}, 400_000)

it('boots a disc, and then what that has put onto the disk', async () => {
  const folder = join(place.dir, 'disc')
  mkdirSync(folder)
  writeFileSync(join(folder, 'install.iso'), bootDisc(bootSector('\r\nsecond start\r\n', 'power off')))
  writeFileSync(join(folder, 'recipe.yaml'), recipeText('disc', 'iso: ./install.iso\n'))
  const built = await place.run('box', 'build', './disc')
  expect(built.code, built.stderr).toBe(0)
  expect(built.stderr).toContain('second start')
}, 400_000)

it('says what an installer said last that asks, or that ends without having done anything', async () => {
  recipe('asks', 'echo "which keyboard?"; read answer\n', '  quiet: 15s\n')
  recipe('idle', 'echo "nothing to do"; poweroff -f\n')
  const [asks, idle] = await Promise.all([
    place.fails('E_INSTALL_TIMEOUT', 'box', 'build', './asks'),
    place.fails('E_INSTALL', 'box', 'build', './idle'),
  ])
  expect(asks.details?.join('\n')).toContain('which keyboard?')
  expect(asks.message).toContain('has done nothing for 15s (quiet)')
  expect(idle).toMatchObject({
    message: 'the installer of test/idle has not finished: it has written nothing to the disk',
  })
  expect(place.processes(/installer/)).toEqual([])
  expect(readdirSync(join(place.env.XDG_DATA_HOME ?? '', 'posada', 'boxes', 'tmp'))).toEqual([])
}, 400_000)

it('ends the machine of a build that was killed with the next', async () => {
  recipe('killed', 'read answer\n')
  const child = place.start('box', 'build', './killed')
  const end = ended(child)
  await expect.poll(() => place.processes(/guest=installer/), { timeout: 120_000 }).toHaveLength(1)
  child.kill('SIGKILL')
  await end
  expect(place.processes(/guest=installer/)).toHaveLength(1)
  // As each build does at its beginning.
  expect(await place.run('box', 'prune', '--yes')).toMatchObject({ code: 0 })
  expect(place.processes(/guest=installer/)).toEqual([])
}, 400_000)
