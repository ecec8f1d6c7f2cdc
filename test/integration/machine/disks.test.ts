import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { PlanResult, UpMachineResult } from '../../../src/machine/index.ts'
import { copyBox } from '../../helpers/box-copy.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Four boots of posada/tiny and one snapshot, with QEMU: some 50 s where it is emulated.
let place: MachinesPlace

const manifest = (disks: string) => `version: 1
provider: qemu
box: posada/tiny
memory: 256MiB
disks: ${disks}
`
const data = (size: string) => `{name: data, size: ${size}, mount: /srv/my data, keep: true}`
const swap = '{name: pages, size: 32MiB, filesystem: swap}'
const file = (name: string) => join(place.dir, '.posada/machines/default/data', `${name}.qcow2`)

beforeAll(() => {
  place = machinesPlace()
})

afterAll(async () => {
  await place.run('destroy', '--disks', '--yes')
  await place.cleanUp()
})

async function guest(command: string): Promise<string> {
  const ended = await place.run('exec', '--', 'sudo', 'sh', '-c', command)
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return ended.stdout.trim()
}

const freeMebibytes = "df -m '/srv/my data' | tail -n 1 | awk '{ print $2 }'"
const planned = async () => (await place.json<PlanResult>('plan')).machines[0]

it('are formatted once, mounted, rewound, grown, taken out, and kept for the next machine', async () => {
  place.write(manifest(`[${data('64MiB')}, ${swap}, {name: raw, size: 16MiB}]`))
  const { machines } = await place.json<{ machines: UpMachineResult[] }>('up')
  expect(machines).toMatchObject([{ change: 'created' }])
  expect(await guest("grep -c '/srv/my.040data ext4' /proc/mounts; tail -n +2 /proc/swaps | wc -l")).toBe(
    '1\n1',
  )
  await guest("echo before >'/srv/my data/word'; head -c 100 /dev/zero | tr '\\000' x >/dev/vdd; sync")
  expect(await planned()).toMatchObject({ actions: [] })

  // A snapshot has all disks at one instant.
  await place.json('snapshot', 'save', 'then')
  await guest("echo after >'/srv/my data/word'; sync")
  await place.json('snapshot', 'restore', 'then', '--yes')
  expect(await guest("cat '/srv/my data/word'")).toBe('before')
  expect(Number(await guest(freeMebibytes))).toBeLessThan(64)

  // Grown, taken out, and gone.
  await place.json('halt')
  rmSync(file('raw'))
  place.write(manifest(`[${data('128MiB')}, {name: raw, size: 16MiB}]`))
  expect(await planned()).toMatchObject({
    actions: [
      {
        do: 'start',
        why: [
          { key: 'state' },
          { key: 'disks', from: 'data 64MiB, pages 32MiB, raw (gone)', to: 'data 128MiB, raw 16MiB' },
        ],
      },
      { do: 'enter' },
      { do: 'mount-disks', disks: ['data'] },
    ],
    leftDisks: ['pages'],
  })
  const up = await place.run('up')
  expect(up, up.stderr).toMatchObject({ code: 0 })
  expect(up.stderr).toContain('the file of disk raw is gone; a blank one takes its place')
  expect(up.stderr).toContain('posada up --prune removes it')
  expect(Number(await guest(freeMebibytes))).toBeGreaterThan(100)
  expect(await guest("cat '/srv/my data/word'")).toBe('before')
  expect(existsSync(file('pages'))).toBe(true)
  await place.json('up', '--prune')
  expect(existsSync(file('pages'))).toBe(false)

  // What holds something is never formatted, and never made smaller.
  await guest('head -c 100 /dev/urandom >/dev/vdc; sync')
  place.write(manifest(`[${data('128MiB')}, {name: raw, size: 16MiB, mount: /srv/raw}]`))
  const held = await place.fails('E_DISK_USE', 'up')
  expect(held).toMatchObject({ value: 'raw', place: { line: 5 } })
  expect(held.message).toContain('is never formatted over')
  place.write(manifest(`[${data('64MiB')}]`))
  expect(await place.fails('E_DISK_SHRINK', 'plan')).toMatchObject({ value: '64MiB', place: { line: 5 } })
  await place.fails('E_DISK_SHRINK', 'up')

  // The next machine of this name has what was kept, with the layers that it lies on, and nothing else.
  place.write(manifest(`[${data('128MiB')}, {name: raw, size: 16MiB}]`))
  const gone = await place.json<object>('destroy', '--yes')
  expect(gone).toMatchObject({ machines: [{ destroyed: true, keptDisks: ['data'] }] })
  expect([existsSync(file('data')), existsSync(file('raw')), existsSync(file('root'))]).toEqual([
    ...[true, false, false],
  ])
  expect(await place.json<object>('destroy', '--yes')).toMatchObject({ machines: [{ destroyed: false }] })
  expect(await planned()).toMatchObject({
    state: 'absent',
    actions: [{ do: 'make', why: [{}, { key: 'disks.data', from: 'kept, 128MiB' }] }, {}, {}],
  })
  await place.json('up')
  expect(await guest("cat '/srv/my data/word'")).toBe('before')
  const all = await place.json<object>('destroy', '--disks', '--yes')
  expect(all).toMatchObject({ machines: [{ destroyed: true }] })
  expect(existsSync(file('data'))).toBe(false)
}, 600_000)

it('of a box with two come in their order, and before those of the manifest', async () => {
  const home = mkdtempSync(join(tmpdir(), 'posada-two-disks-'))
  const two = machinesPlace('two disks', { XDG_DATA_HOME: home })
  try {
    const box = copyBox('posada/tiny', home)
    const second = Buffer.alloc(4 * 2 ** 20, 'second')
    writeFileSync(join(box, 'disk-2.raw'), second)
    const json = join(box, 'box.json')
    const manifest = JSON.parse(readFileSync(json, 'utf8')) as { name: string; disks: object[] }
    manifest.name = 'test/two-disks'
    manifest.disks.push({
      ...{ file: 'disk-2.raw', format: 'raw', size: second.length, virtualSize: second.length },
      sha256: createHash('sha256').update(second).digest('hex'),
    })
    writeFileSync(json, JSON.stringify(manifest))
    await two.json('box', 'add', box)
    two.write(`version: 1
provider: qemu
box: test/two-disks
memory: 256MiB
disks: [{name: own, size: 16MiB}]
`)
    await two.json('up')
    const look =
      'cd /sys/block; echo $(cat vdb/serial) $(cat vdb/size) $(cat vdc/serial) $(cat vdc/size) $(sudo head -c 6 /dev/vdb)'
    expect((await two.run('exec', '--', 'sh', '-c', look)).stdout).toBe('disk-2 8192 own 32768 second\n')
  } finally {
    await two.cleanUp()
    rmSync(home, { recursive: true, force: true })
  }
}, 300_000)
