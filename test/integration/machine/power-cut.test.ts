import { afterAll, beforeAll, expect, it } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny twice: about 20 s with emulated processors.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('power cut')
  place.write('version: 1\nname: cut\nbox: posada/tiny\nprovider: qemu\nmemory: 256MiB\n')
})
afterAll(() => place.cleanUp())

it('a machine that loses its power right after its first up keeps its key, its host key and its name', async () => {
  await place.json('up')
  const { machines } = await place.json<{ machines: { pid: number }[] }>('status')
  process.kill(machines[0]?.pid ?? 0, 'SIGKILL')
  expect(await place.json('up')).toMatchObject({ machines: [{ change: 'started' }] })
  expect(await place.run('exec', '--', 'cat', '/etc/hostname')).toMatchObject({
    stdout: 'cut\n',
    code: 0,
  })
})
