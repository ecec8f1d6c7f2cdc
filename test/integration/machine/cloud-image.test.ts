import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userPaths } from '../../../src/project/paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Builds Debian with cloud-init and GRUB (three minutes; kept for the next run in the cache folder) and
// boots its disk twice as a cloud image: a minute and a half each with emulated processors.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'cloud')
const manifest = (web: string) => `version: 1
defaults: {box: test/image, memory: 768MiB, cpus: 2, boot_timeout: 8m}
machines:
  web:
    disk: 5GiB
    cloud_init:
      user: alice
      write_files:
        - {path: /etc/greeting, content: "\${HOME} stays ü\\n", permissions: "0600", owner: "alice:alice", defer: true}
      runcmd: ["${web}"]
    provision:
      - shell: test -e /etc/ran && cp /etc/ran /etc/provisioned
  broken:
    cloud_init: ./broken.sh
`

let place: MachinesPlace
beforeAll(async () => {
  place = machinesPlace('cloud image')
  place.env.XDG_DATA_HOME = join(userPaths().cache, 'test-data')
  const built = await place.run('box', 'build', recipe, '--json')
  expect(built, built.stderr).toMatchObject({ code: 0 })
  const disk = join(JSON.parse(built.stdout).dir, 'root.qcow2')
  const facts = ['--name', 'test/image', '--version', '1', '--user', 'debian', '--force']
  const added = await place.run('box', 'add', disk, ...facts)
  expect(added, added.stderr).toMatchObject({ code: 0 })
  place.write(manifest('id -un > /etc/ran'))
  writeFileSync(join(place.dir, 'broken.sh'), '#!/bin/sh\necho "it goes wrong here" >&2\nexit 3\n')
}, 900_000)
afterAll(() => place.cleanUp())

const inWeb = async (command: string) => (await place.run('exec', 'web', '--', 'sh', '-c', command)).stdout

describe('a machine made from a cloud image', () => {
  it('comes up through its firmware, as the user that was asked for, and is set up', async () => {
    const { machines } = await place.json<{ machines: { ssh: { user: string } }[] }>('up', 'web')
    expect(machines).toMatchObject([{ change: 'created', ssh: { user: 'alice' } }])
    expect(await inWeb('id -un; hostname; sudo -n id -un; cat /etc/provisioned')).toBe(
      'alice\nweb\nroot\nroot\n',
    )
    expect(await inWeb('cat /etc/greeting; stat -c %a /etc/greeting')).toBe('${HOME} stays ü\n600\n')
  }, 600_000)

  it('has its root grown to the disk, its own key, and an address by DHCP', async () => {
    expect(Number.parseInt(await inWeb('df --output=size -BM / | tail -1'), 10)).toBeGreaterThan(4500)
    expect(await inWeb('cut -d" " -f1,3- ~/.ssh/authorized_keys')).toBe('ssh-ed25519 posada web\n')
    expect(await inWeb('ip -br -4 address show dev eth0')).toMatch(/UP +10\.0\.2\.15/)
    expect(await inWeb('getent passwd debian')).toBe('')
  })

  it('says what a changed cloud_init needs, and does not do it behind anybody’s back', async () => {
    expect((await place.json<{ machines: object[] }>('status', 'web')).machines).toMatchObject([
      { pending: [] },
    ])
    place.write(manifest('true'))
    expect((await place.json<{ machines: object[] }>('status', 'web')).machines).toMatchObject([
      { state: 'running', pending: ['cloud_init'] },
    ])
    const { code, stderr } = await place.run('up', 'web')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('cloud_init') })
  })

  it('shuts down when it is asked to', async () => {
    expect((await place.json<{ machines: object[] }>('halt', 'web')).machines).toMatchObject([
      { how: 'graceful' },
    ])
  })
})

describe('user-data that fails', () => {
  it('is an error with what cloud-init says, and the machine can be looked into', async () => {
    const error = await place.fails('E_CLOUD_INIT', 'up', 'broken')
    expect(error.details?.join('\n')).toMatch(/scripts.user.*[\s\S]*it goes wrong here/)
    const [status] = (await place.json<{ machines: object[] }>('status', 'broken')).machines
    expect(status).toMatchObject({ state: 'running', reason: expect.stringContaining('cloud-init') })
    expect((await place.run('exec', 'broken', '--', 'id', '-un')).stdout).toBe('debian\n')
  }, 600_000)

  it('is not taken for done by the next up', async () => {
    await place.fails('E_CLOUD_INIT', 'up', 'broken')
  })

  it('is refused before anything is made where it is none', async () => {
    await place.json('destroy', '--yes')
    writeFileSync(join(place.dir, 'broken.sh'), 'echo no first line\n')
    const error = await place.fails('E_USER_DATA', 'up', 'broken')
    expect(error).toMatchObject({ exitCode: 2, place: { line: 14 } })
    expect((await place.json<{ machines: object[] }>('status', 'broken')).machines).toMatchObject([
      { state: 'absent' },
    ])
  })
})
