import { afterAll, beforeAll, expect, it } from 'vitest'
import { until } from '../../helpers/guest-talk.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// One boot of posada/tiny, and as long as it takes until its memory has moved: some 45 s with emulated processors.

const mebibyte = 2 ** 20
const manifest = (min: string) => `version: 1
box: posada/tiny
memory: {min: ${min}, max: 512MiB}
`

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('memory-range')
})
afterAll(() => place.cleanUp())

interface Stats {
  machines: { memory: number; usage: { given?: number } }[]
}

/** MiB that the guest has. */
async function given(): Promise<number> {
  const { machines } = await place.json<Stats>('stats')
  expect(machines[0]?.memory).toBe(512 * mebibyte)
  return (machines[0]?.usage.given ?? 0) / mebibyte
}

it('the host has what a guest does not need, and gives it back as it does', async () => {
  place.write(manifest('128MiB'))
  await place.json('up')
  await until('the guest has given memory back', 240_000, async () => (await given()) < 320)
  const least = await given()
  const fill =
    'mount -t tmpfs -o size=400m none /mnt && head -c 262144000 /dev/zero > /mnt/x && md5sum < /mnt/x'
  const { stdout } = await place.run('exec', '--', 'sudo', 'sh', '-c', fill)
  expect(stdout).toContain('ab324888')
  await until('the guest has more again', 240_000, async () => (await given()) > least + 100)
}, 900_000)

it('another least is a start, and one below what the box needs is refused', async () => {
  place.write(manifest('256MiB'))
  const { machines } = await place.json<{ machines: { pending: object[] }[] }>('plan')
  expect(machines[0]?.pending).toMatchObject([
    { key: 'memory', from: '128MiB at least', to: '256MiB at least', takes: 'reload' },
  ])
  place.write(manifest('64MiB'))
  await place.fails('E_VALUE_INVALID', 'reload')
}, 120_000)
