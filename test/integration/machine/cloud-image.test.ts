import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userPaths } from '../../../src/project/user-paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Builds Debian with cloud-init and GRUB (a minute; kept for the next run in the cache folder) and starts its disk as a
// cloud image, which restarts once: two minutes with emulated processors.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'cloud')
/** What cloud-init runs at its end restarts the guest, and goes wrong in the next boot. */
const manifest = (last = 'true') => `version: 1
defaults: {box: test/image, memory: 768MiB, boot_timeout: 14m}
machines:
  web:
    disk: 5GiB
    cloud_init:
      user: alice
      write_files:
        - {path: /etc/greeting, content: "\${HOME} stays ü\\n", permissions: "0600", owner: "alice:alice", defer: true}
        - path: /var/lib/cloud/scripts/per-boot/last
          permissions: "0755"
          content: |
            #!/bin/sh
            [ -e /etc/restarted ] || { touch /etc/restarted; reboot; sleep 60; }
            [ -e /etc/fixed ] || { echo it goes wrong here >&2; exit 3; }
      runcmd: ["id -un > /etc/ran", "${last}"]
    sync: [{from: ./app, to: /srv/app}]
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
  place.write(manifest())
  writeFileSync(join(place.dir, 'script.sh'), 'echo no first line\n')
  mkdirSync(join(place.dir, 'app'))
  writeFileSync(join(place.dir, 'app/page'), 'host\n')
}, 900_000)
afterAll(() => place.cleanUp())

const web = async () => (await place.json<{ machines: object[] }>('status', 'web')).machines[0]
const inWeb = async (command: string) => (await place.run('exec', 'web', '--', 'sh', '-c', command)).stdout

describe('a machine made from a cloud image', () => {
  it('comes up through its firmware and restarts; what then goes wrong in its user-data is an error, with what was said', async () => {
    const error = await place.fails('E_CLOUD_INIT', 'up', 'web')
    expect(error.details?.join('\n')).toMatch(/scripts.per.boot.*[\s\S]*it goes wrong here/)
    expect(await web()).toMatchObject({ state: 'running', reason: expect.stringContaining('cloud-init') })
  }, 900_000)

  it('can be looked into, as the user that was asked for, and is set up', async () => {
    expect(await inWeb('id -un; hostname; sudo -n id -un; cat /etc/ran; ls /etc/restarted')).toBe(
      'alice\nweb\nroot\nroot\n/etc/restarted\n',
    )
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
    place.write(manifest('date'))
    expect(await web()).toMatchObject({ state: 'running', pending: ['cloud_init'] })
    const { stderr } = await place.run('up', 'web')
    expect(stderr).toContain(
      'changed in the manifest, not in the machine: cloud_init (posada destroy web, then posada up)',
    )
  })

  it('goes on to provisioning once cloud-init has nothing to complain of', async () => {
    await inWeb('sudo touch /etc/fixed; sudo cloud-init modules --mode final')
    const ended = await place.run('up', 'web')
    expect(ended, ended.stderr).toMatchObject({ code: 0 })
    expect(await inWeb('id -un; cat /etc/provisioned')).toBe('alice\nroot\n')
  }, 900_000)

  it('has a folder that is kept equal, which belongs to its user', async () => {
    expect(await inWeb('cat /srv/app/page; stat -c %U /srv/app/page; echo guest >/srv/app/answer')).toBe(
      'host\nalice\n',
    )
    await place.json('sync', 'web')
    expect(readFileSync(join(place.dir, 'app/answer'), 'utf8')).toBe('guest\n')
  })

  it('shuts down when it is asked to', async () => {
    expect((await place.json<{ machines: object[] }>('halt', 'web')).machines).toMatchObject([
      { how: 'graceful' },
    ])
  })
})

it('user-data that is none is refused before anything is made', async () => {
  const error = await place.fails('E_USER_DATA', 'up', 'script')
  expect(error).toMatchObject({ exitCode: 2, place: { line: 21 } })
  expect((await place.json<{ machines: object[] }>('status', 'script')).machines).toMatchObject([
    { state: 'absent' },
  ])
})
