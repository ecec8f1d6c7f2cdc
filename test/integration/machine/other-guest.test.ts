import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bootSector } from '../../helpers/boot-sector.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots a guest of a few instructions and, side by side, posada/tiny as if nothing were known of it: 15 s, most of it
// that of the guest that does not heed its power button.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('other')
  const disk = Buffer.alloc(2 ** 20)
  disk.set(bootSector('\r\nhello from nowhere\r\nready> '))
  writeFileSync(join(place.dir, 'toy.img'), disk)
})
afterAll(async () => {
  await place?.run('destroy', '--yes')
  await place?.run('box', 'remove', 'test/toy')
  await place?.cleanUp()
})

const manifest = (text: string) => `version: 1
defaults: {guest: other, provider: qemu, memory: 256MiB}
machines:
  toy:
    box: {from: ./toy.img, image: raw, name: test/toy}
    halt_timeout: 1s
    ready: [{console: "${text}", timeout: 60s, interval: 200ms}]
  tiny:
    box: posada/tiny
    ports: [{host: 2222, guest: 22, auto: true}]
    ready: [{console: "login:", timeout: 3m}]
`

it('is up when its console says so, and is never logged in to', async () => {
  place.write(manifest('ready>'))
  const { machines } = await place.json<{ machines: object[] }>('up')
  expect(machines).toMatchObject([
    { name: 'toy', change: 'created', ssh: null, ready: true },
    { name: 'tiny', change: 'created', ssh: null, ready: true },
  ])
  const states = await place.json<{ machines: object[] }>('status')
  expect(states.machines).toMatchObject([
    { name: 'toy', state: 'running', ready: true, ssh: null },
    { name: 'tiny', state: 'running', ready: true, ssh: null, ports: [{ guestPort: 22 }] },
  ])
  for (const command of [
    ['exec', 'tiny', '--', 'true'],
    ['ssh-config', 'tiny'],
    ['copy', 'tiny:/etc/hosts', '.'],
  ])
    expect(await place.fails('E_CAPABILITY', ...command)).toMatchObject({
      message: "machine tiny has 'guest: other': Posada does not log in to it",
    })
  expect((await place.json<{ machines: object[] }>('halt')).machines).toMatchObject([
    { name: 'toy', how: 'forced' },
    { name: 'tiny', how: 'graceful' },
  ])
}, 400_000)

it('is not ready where it does not say it', async () => {
  place.write(manifest('never').replace('60s', '2s'))
  expect(await place.fails('E_NOT_READY', 'up', 'toy')).toMatchObject({
    message: 'machine toy is not ready after 2s: its console does not say "never"',
    value: 'console "never"',
  })
}, 400_000)
