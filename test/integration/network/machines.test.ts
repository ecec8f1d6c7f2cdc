import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Two tiny machines boot, a minute in all. Names, addresses, a cut and its end, latency.
let place: MachinesPlace

beforeAll(async () => {
  place = machinesPlace('shop')
  place.write(`version: 1
name: shop
networks:
  backend: {subnet: 10.40.0.0/24, seed: 1}
defaults: {box: posada/tiny, memory: 192MiB, networks: [backend]}
machines:
  web: {}
  db: {networks: [{name: backend, address: 10.40.0.10}]}
`)
  await place.json('up')
})
afterAll(() => place.cleanUp())

/** Milliseconds of the quickest answer of so many; null where none came. */
async function ping(to: string, count = 3): Promise<number | null> {
  const { stdout } = await place.run(
    'exec',
    'web',
    '--',
    'sh',
    '-c',
    `sudo ping -4 -c ${count} -i 0.2 -W 2 ${to}`,
  )
  const quickest = /min\/avg\/max = ([\d.]+)/.exec(stdout)?.[1]
  return quickest === undefined ? null : Number(quickest)
}

async function conditions(...flags: string[]): Promise<void> {
  const ended = await place.run('network', 'conditions', 'web', 'db', ...flags)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
}

test('machines find each other by name, at the addresses of the manifest', async () => {
  for (const name of ['db', 'db.shop.internal', '10.40.0.10', '10.40.0.1'])
    expect(await ping(name, 1), name).not.toBe(null)
  const { stdout } = await place.run('exec', 'db', '--', 'ip', '-4', 'addr', 'show', 'eth1')
  expect(stdout).toContain('10.40.0.10/24')
})

test('a cut stops them, healing joins them again, and latency is what was asked for', async () => {
  await conditions('--cut')
  expect(await ping('10.40.0.10', 1)).toBe(null)
  await conditions('--heal')
  const before = (await ping('10.40.0.10', 5)) ?? Number.NaN
  await conditions('--latency', '200ms')
  const after = (await ping('10.40.0.10', 5)) ?? Number.NaN
  expect(Math.abs((after - before) / 400 - 1)).toBeLessThan(0.1)
})
