import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StatusResult, UpMachineResult } from '../../../src/machine/index.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Three boots of posada/tiny, one snapshot, one suspend and two copies of its box, with QEMU: some 40 s where it is emulated.
let here: MachinesPlace
let there: MachinesPlace

const manifest = `version: 1
name: shop
defaults: {provider: qemu, box: posada/tiny, memory: 128MiB}
machines:
  web:
    disks: [{name: data, size: 32MiB, mount: /srv/data}]
    provision:
      - {name: mark, shell: "echo made >/etc/mark"}
  db:
`
const hostKey =
  'cat /etc/dropbear/*.pub 2>/dev/null || dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key'

beforeAll(() => {
  here = machinesPlace()
  // Somebody else's computer: no box is in the store, and paths are other ones.
  there = machinesPlace('elsewhere')
  there.env.XDG_DATA_HOME = join(there.dir, '..', 'data')
})

afterAll(async () => {
  await here.cleanUp()
  await there.cleanUp()
})

async function guest(place: MachinesPlace, machine: string, command: string): Promise<string> {
  const ended = await place.run('exec', machine, '--', 'sudo', 'sh', '-c', command)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return ended.stdout.trim()
}
const statesOf = async (place: MachinesPlace) =>
  (await place.json<{ machines: StatusResult[] }>('status')).machines.map(({ name, state }) => [name, state])

it('takes a project to another computer: boxes, disks, memory, and what is done', async () => {
  here.write(manifest)
  await here.json('up')
  await guest(here, 'web', 'echo one >/srv/data/word; sync')
  await here.json('snapshot', 'save', 'then', 'web')
  await guest(here, 'web', 'echo two >/srv/data/word; sync')
  const key = await guest(here, 'web', hostKey)
  await guest(here, 'db', 'echo in memory >/dev/shm/word')
  const archive = join(here.dir, '..', 'shop.posada')
  await here.json('halt', 'web')
  expect(await here.fails('E_EXPORT', 'export', archive)).toMatchObject({
    value: 'running',
    hint: 'posada halt db, then export again',
  })
  await here.json('suspend', 'db')
  expect(await here.fails('E_EXPORT', 'export', archive)).toMatchObject({ value: 'suspended' })
  expect(existsSync(archive)).toBe(false)
  const written = await here.json<{ boxes: string[] }>('export', '--memory', archive)
  expect(written.boxes).toHaveLength(1)
  expect(statSync(archive)).toMatchObject({ mode: 0o100600 })
  expect(readdirSync(join(archive, '..')).filter((name) => name.includes('.part'))).toEqual([])

  expect(await there.json('import', '--memory', archive, '.')).toMatchObject({
    project: 'shop',
    machines: ['web', 'db'],
  })
  expect(readFileSync(join(there.dir, 'posada.yaml'), 'utf8')).toBe(manifest)
  expect(readdirSync(join(there.dir, '.posada')).filter((name) => name.startsWith('import'))).toEqual([])
  expect(await statesOf(there)).toEqual([
    ['web', 'created'],
    ['db', 'suspended'],
  ])
  expect(await there.fails('E_IMPORT', 'import', archive, '.')).toMatchObject({ value: there.dir })

  const { machines } = await there.json<{ machines: UpMachineResult[] }>('up')
  expect(machines).toMatchObject([
    { change: 'started', steps: [{ name: 'mark', result: 'skipped' }] },
    { change: 'resumed' },
  ])
  expect(await guest(there, 'web', 'cat /etc/mark /srv/data/word')).toBe('made\ntwo')
  expect(await guest(there, 'db', 'cat /dev/shm/word')).toBe('in memory')
  expect(await guest(there, 'web', hostKey)).toBe(key)
  // The first is as it was.
  expect(await statesOf(here)).toEqual([
    ['web', 'stopped'],
    ['db', 'suspended'],
  ])
}, 900_000)
