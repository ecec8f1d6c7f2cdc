import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { StatusResult, UpMachineResult } from '../../../src/machine/index.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Two boots of posada/tiny, one snapshot and two copies of its box, with QEMU: some 30 s where it is emulated.
let here: MachinesPlace
let there: MachinesPlace

const manifest = `version: 1
name: shop
provider: qemu
box: posada/tiny
memory: 128MiB
disks: [{name: data, size: 32MiB, mount: /srv/data}]
provision:
  - {name: mark, shell: "echo made >/etc/mark"}
`

beforeAll(() => {
  here = machinesPlace()
  // Somebody else's computer: no box is in the store, and paths are other ones.
  there = machinesPlace('elsewhere', {})
  there.env.XDG_DATA_HOME = join(there.dir, '..', 'data')
})

afterAll(async () => {
  await here.cleanUp()
  await there.cleanUp()
})

async function guest(place: MachinesPlace, command: string): Promise<string> {
  const ended = await place.run('exec', '--', 'sudo', 'sh', '-c', command)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return ended.stdout.trim()
}

it('takes a project to another computer, with its boxes, disks and what is done', async () => {
  here.write(manifest)
  await here.json('up')
  await guest(here, 'echo one >/srv/data/word; sync')
  await here.json('snapshot', 'save', 'then')
  await guest(here, 'echo two >/srv/data/word; sync')
  const key = await guest(
    here,
    'cat /etc/dropbear/*.pub 2>/dev/null || dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key',
  )
  const archive = join(here.dir, '..', 'shop.posada')
  expect(await here.fails('E_EXPORT', 'export', archive)).toMatchObject({
    value: 'running',
    hint: 'posada halt default, then export again',
  })
  expect(existsSync(archive)).toBe(false)
  await here.json('halt')
  const written = await here.json<{ boxes: string[]; size: number }>('export', archive)
  expect(written.boxes).toHaveLength(1)
  expect(statSync(archive)).toMatchObject({ mode: 0o100600 })
  expect(readdirSync(join(archive, '..')).filter((name) => name.includes('.part'))).toEqual([])

  mkdirSync(join(there.dir, 'shop'))
  expect(await there.json('import', archive, '.')).toMatchObject({ project: 'shop', machines: ['default'] })
  expect(readFileSync(join(there.dir, 'posada.yaml'), 'utf8')).toBe(manifest)
  expect(readdirSync(join(there.dir, '.posada')).filter((name) => name.startsWith('import'))).toEqual([])
  expect((await there.json<{ machines: StatusResult[] }>('status')).machines).toMatchObject([
    { name: 'default', state: 'created', inManifest: true },
  ])
  expect(await there.fails('E_IMPORT', 'import', archive, '.')).toMatchObject({ value: there.dir })

  const { machines } = await there.json<{ machines: UpMachineResult[] }>('up')
  expect(machines).toMatchObject([{ change: 'started', steps: [{ name: 'mark', result: 'skipped' }] }])
  expect(await guest(there, 'cat /etc/mark /srv/data/word')).toBe('made\ntwo')
  expect(
    await guest(
      there,
      'cat /etc/dropbear/*.pub 2>/dev/null || dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key',
    ),
  ).toBe(key)
  // The first is as it was.
  expect((await here.json<{ machines: StatusResult[] }>('status')).machines).toMatchObject([
    { state: 'stopped' },
  ])
})
