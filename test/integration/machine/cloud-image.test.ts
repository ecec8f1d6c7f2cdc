import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userPaths } from '../../../src/project/paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Builds Debian with cloud-init and GRUB (a minute; kept for the next run in the cache folder) and boots its disk
// twice as a cloud image: two minutes with emulated processors.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'cloud')
/** What cloud-init runs goes wrong at its end. */
const manifest = (last: string) => `version: 1
defaults: {box: test/image, memory: 768MiB, boot_timeout: 14m}
machines:
  web:
    disk: 5GiB
    cloud_init:
      user: alice
      write_files:
        - {path: /etc/greeting, content: "\${HOME} stays ü\\n", permissions: "0600", owner: "alice:alice", defer: true}
      runcmd: ["id -un > /etc/ran", "${last}"]
    provision:
      - shell: cp /etc/ran /etc/provisioned
  script:
    cloud_init: ./script.sh
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
  place.write(manifest('echo it goes wrong here >&2; exit 3'))
  writeFileSync(join(place.dir, 'script.sh'), 'echo no first line\n')
}, 900_000)
afterAll(() => place.cleanUp())

const web = async () => (await place.json<{ machines: object[] }>('status', 'web')).machines[0]
const inWeb = async (command: string) => (await place.run('exec', 'web', '--', 'sh', '-c', command)).stdout

describe('a machine made from a cloud image', () => {
  it('comes up through its firmware; what goes wrong in its user-data is an error, with what was said', async () => {
    const error = await place.fails('E_CLOUD_INIT', 'up', 'web')
    expect(error.details?.join('\n')).toMatch(/scripts.user.*[\s\S]*it goes wrong here/)
    expect(await web()).toMatchObject({ state: 'running', reason: expect.stringContaining('cloud-init') })
  }, 900_000)

  it('can be looked into, as the user that was asked for, and is set up', async () => {
    expect(await inWeb('id -un; hostname; sudo -n id -un; cat /etc/ran')).toBe('alice\nweb\nroot\nroot\n')
    expect(await inWeb('cat /etc/greeting; stat -c %a /etc/greeting')).toBe('${HOME} stays ü\n600\n')
  })

  it('has its root grown to the disk, its own key, and an address by DHCP', async () => {
    expect(Number.parseInt(await inWeb('df --output=size -BM / | tail -1'), 10)).toBeGreaterThan(4500)
    expect(await inWeb('cut -d" " -f1,3- ~/.ssh/authorized_keys')).toBe('ssh-ed25519 posada web\n')
    expect(await inWeb('ip -br -4 address show dev eth0')).toMatch(/UP +10\.0\.2\.15/)
    expect(await inWeb('getent passwd debian')).toBe('')
  })

  it('is not taken for done by the next up', async () => {
    await place.fails('E_CLOUD_INIT', 'up', 'web')
    expect(await inWeb('ls /etc/provisioned')).toBe('')
  })

  it('says what a changed cloud_init needs, and does not do it unasked', async () => {
    expect(await web()).toMatchObject({ pending: [] })
    place.write(manifest('true'))
    expect(await web()).toMatchObject({ state: 'running', pending: ['cloud_init'] })
    const { stderr } = await place.run('up', 'web')
    expect(stderr).toContain(
      'changed in the manifest, not in the machine: cloud_init (posada destroy web, then posada up)',
    )
  })

  it('shuts down when it is asked to', async () => {
    // Of the next boot, its last stage.
    const again = '/var/lib/cloud/scripts/per-boot/again'
    const script = '#!/bin/sh\n[ ! -e /etc/restarted ] || exit 0\ntouch /etc/restarted\nreboot\nsleep 60\n'
    await inWeb(`printf '${script.replaceAll('\n', '\\n')}' | sudo tee ${again}; sudo chmod 755 ${again}`)
    expect((await place.json<{ machines: object[] }>('halt', 'web')).machines).toMatchObject([
      { how: 'graceful' },
    ])
  })

  it('goes on to provisioning once cloud-init has nothing to complain of, and has restarted the guest', async () => {
    const ended = await place.run('up', 'web')
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    // The restart may come before or after the login; only then it is told.
    expect(await inWeb('id -un; cat /etc/provisioned; ls /etc/restarted')).toBe(
      'alice\nroot\n/etc/restarted\n',
    )
  }, 900_000)
})

it('user-data that is none is refused before anything is made', async () => {
  const error = await place.fails('E_USER_DATA', 'up', 'script')
  expect(error).toMatchObject({ exitCode: 2, place: { line: 14 } })
  expect((await place.json<{ machines: object[] }>('status', 'script')).machines).toMatchObject([
    { state: 'absent' },
  ])
})
