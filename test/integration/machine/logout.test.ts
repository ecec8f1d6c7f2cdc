import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { cutShort } from '../../helpers/interrupt.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny four times: about 80 s with emulated processors.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('logged out')
  place.write(`version: 1
box: posada/tiny
memory: 128MiB
ports: [auto]
provision:
  - {shell: "while :; do nc -l -p 7000; done </dev/null >/dev/null 2>&1 &", run: always}
`)
})
afterAll(() => place.cleanUp())

interface Ports {
  machines: { ports: { guestPort: number }[] }[]
}
interface Changes {
  machines: { change: string }[]
}

/** What the system does at the end of a user's last session. Source: pam_systemd(8), XDG_RUNTIME_DIR. */
const logOut = () => rmSync(join(place.env.XDG_RUNTIME_DIR ?? '', 'posada'), { recursive: true })
const forwards = async () =>
  (await place.json<Ports>('ports')).machines.flatMap(({ ports }) => ports.map(({ guestPort }) => guestPort))

it('after a logout commands run, the next up brings forwards back, and halt is told over SSH', async () => {
  await place.json('up')
  await until('its port is forwarded', 60_000, async () => (await forwards()).includes(7000))
  logOut()
  expect(await place.run('exec', '--', 'echo', 'here')).toMatchObject({ code: 0, stdout: 'here\n' })
  expect(await place.json<Changes>('up')).toMatchObject({ machines: [{ change: 'none' }] })
  expect(place.processes(/forwarder\.js/)).toHaveLength(1)
  await until('its port is forwarded', 60_000, async () => (await forwards()).includes(7000))
  logOut()
  expect(await place.json('halt')).toMatchObject({ machines: [{ how: 'graceful', via: 'ssh' }] })
  expect(place.processes(/forwarder\.js|keeper\.js/)).toEqual([])
})

it('up waits for a guest that a killed command has told to shut down, and starts it', async () => {
  await place.json('up')
  await place.run('exec', '--', 'true')
  await cutShort(place, ['reload'], { at: 'shutting down', after: 500, signal: 'SIGKILL' })
  const { machines } = await place.json<Changes>('up')
  expect(await place.run('exec', '--', 'echo', 'here')).toMatchObject({ code: 0, stdout: 'here\n' })
  expect(['started', 'none']).toContain(machines[0]?.change)
})

it('where the key is lost each command says so, and doing what the hint says helps', async () => {
  rmSync(join(place.dir, '.posada/machines/default/id_ed25519'))
  const hint = expect.stringContaining('posada destroy, then posada up')
  expect(await place.fails('E_SSH_AUTH', 'exec', '--', 'true')).toMatchObject({ hint })
  await place.json('halt')
  expect(await place.fails('E_SSH_AUTH', 'up')).toMatchObject({ hint })
  await place.json('destroy', '--yes')
  await place.json('up')
  expect(await place.run('exec', '--', 'echo', 'here')).toMatchObject({ code: 0, stdout: 'here\n' })
})
