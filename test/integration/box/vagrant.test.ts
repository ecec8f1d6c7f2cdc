import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { buildRecipe, openBoxStore } from '../../../src/box/index.ts'
import { insecureKeys } from '../../../src/box/vagrant/insecure-keys.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'
import { makePlace } from '../../helpers/posada.ts'
import { createBoxScript, makeVagrantImage } from '../../helpers/vagrant-box.ts'
import { serve, webServer } from '../../helpers/web-server.ts'

// A Debian image with GRUB (a minute where it is not in the cache folder yet) becomes a Vagrant box with two disks,
// which comes from Vagrant's catalogue and boots through SeaBIOS, twice, and once by its kernel: a minute with emulated
// processors.

const recipe = join(import.meta.dirname, '..', '..', 'fixtures', 'boxes', 'cloud')

const servers: (() => Promise<void>)[] = []

/** Vagrant's own catalogue on loopback, which has a box in version 1.2.0 and an older one. Returns its address. */
async function vagrantServer(name: string, box: string): Promise<string> {
  const content = await readFile(box)
  const checksum = createHash('sha256').update(content).digest('hex')
  const file = serve(content)
  const server = await webServer(
    (stop) => servers.push(stop),
    (request, response) => {
      const version = (number: string, url: string) => ({
        version: number,
        status: 'active',
        providers: [{ name: 'libvirt', url, checksum, checksum_type: 'sha256', architecture: 'amd64' }],
      })
      const versions = [version('1.1.0', 'nothing.box'), version('1.2.0', `${server.url}/shop.box`)]
      if (request.url === '/shop.box') file(request, response)
      else if (request.url === `/api/v2/vagrant/${name}`) response.end(JSON.stringify({ name, versions }))
      else response.writeHead(404).end()
    },
  )
  return server.url
}

describe('a machine of a Vagrant box', () => {
  let place: MachinesPlace
  let work: string
  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'posada-vagrant-'))
    place = machinesPlace('vagrant')
    const build = { arch: 'x86_64' as const, emit: () => undefined, signal: new AbortController().signal }
    const cached = openBoxStore(join(userPaths().cache, 'test-data', 'posada', 'boxes'))
    await makeVagrantImage(await buildRecipe({ ...build, recipe, store: cached }), join(work, 'box_1.img'))
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', join(work, 'box_2.img'), '64M'])
    const disks = [{ path: 'box_1.img' }, { path: 'box_2.img' }]
    await writeFile(
      join(work, 'metadata.json'),
      JSON.stringify({ provider: 'libvirt', format: 'qcow2', disks }),
    )
    await writeFile(
      join(work, 'Vagrantfile'),
      'Vagrant.configure("2") do |config|\n  config.vm.base_mac = "5254"\nend\n',
    )
    const box = join(work, 'shop.box')
    await execa('tar', [
      '-S',
      '--zstd',
      '-cf',
      box,
      '-C',
      work,
      'Vagrantfile',
      'box_1.img',
      'box_2.img',
      'metadata.json',
    ])
    place.env.XDG_DATA_HOME = join(work, 'data')
    place.env.VAGRANT_SERVER_URL = await vagrantServer('test/shop', box)
    place.write('version: 1\nname: shop\nbox: "vagrant:test/shop@~> 1.2"\nmemory: 768MiB\n')
    const { code, stderr } = await place.run('up')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(stderr).toContain('these settings have no effect: config.vm.base_mac')
  }, 600_000)
  afterAll(async () => {
    for (const stop of servers) await stop()
    await place.cleanUp()
    await rm(work, { recursive: true, force: true })
  })
  const inGuest = async (command: string) => (await place.run('exec', '--', 'sh', '-c', command)).stdout

  it('is logged in to as vagrant, has its name, its disks and sudo', async () => {
    expect(await inGuest('id -un; hostname; sudo id -un; lsblk -bdno SIZE /dev/vdb')).toBe(
      'vagrant\nshop\nroot\n67108864\n',
    )
  })

  it('no longer lets the well-known key in', async () => {
    expect(await inGuest('wc -l < ~/.ssh/authorized_keys; cat ~/.ssh/authorized_keys')).toMatch(
      /^1\nssh-ed25519 \S+ posada /,
    )
    const { machines } = await place.json<{ machines: { ssh: { port: number } }[] }>('ports')
    const key = join(work, 'insecure')
    await writeFile(key, insecureKeys.rsa, { mode: 0o600 })
    const options = [
      'BatchMode=yes',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'IdentitiesOnly=yes',
    ]
    const argv = ['-F', 'none', ...options.flatMap((one) => ['-o', one]), '-i', key]
    const port = String(machines[0]?.ssh.port)
    const { exitCode, stderr } = await execa('ssh', [...argv, '-p', port, 'vagrant@127.0.0.1', 'true'], {
      reject: false,
    })
    expect(exitCode).toBe(255)
    expect(stderr).toContain('Permission denied (publickey')
  })

  it('boots through its firmware and boot loader', async () => {
    const look = 'cat /proc/cmdline; cat /sys/class/dmi/id/bios_vendor'
    expect(await inGuest(look)).toMatch(/BOOT_IMAGE=.*\nSeaBIOS\n/)
  })

  it('is shut down to become a box that boots by its kernel', async () => {
    const options = ['--yes', '--with-kernel', '--name', 'test/converted']
    expect(await place.json('box', 'package', ...options)).toMatchObject({ halted: true })
    await place.json('destroy', '--yes')
    place.write('version: 1\nname: direct\nbox: test/converted\nmemory: 768MiB\n')
    await place.json('up')
    expect(await inGuest('cat /proc/cmdline; hostname; uname -r; ls /boot')).toMatch(
      /^root=LABEL=root ro quiet .*\ndirect\n(\S+)\n(.*\n)*vmlinuz-\1\n/,
    )
  }, 600_000)
})

const hasVagrant = spawnSync('vagrant', ['--version']).status === 0

// Some 10 s with Vagrant and its script installed; no machine.
describe("a box made by Vagrant's own tools is taken", () => {
  async function smallImage() {
    const place = makePlace('boxes')
    onTestFinished(() => place.remove())
    const image = join(place.dir, 'small.qcow2')
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1G'])
    await execa('qemu-io', ['-c', 'write -P 7 0 4M', '-c', 'write -P 9 700M 1M', image])
    return { place, image }
  }
  const content = async (dir: string) =>
    (
      await execa('qemu-img', [
        'compare',
        join(dir, 'root.qcow2'),
        join(dir, '..', '..', '..', '..', '..', 'boxes', 'kept.qcow2'),
      ])
    ).stdout

  it.skipIf(createBoxScript === null)('by create_box.sh', async () => {
    const { place, image } = await smallImage()
    await execa('cp', [image, join(place.dir, 'kept.qcow2')])
    await execa('bash', [createBoxScript ?? '', image, 'small.box'], { cwd: place.dir })
    const { code, stdout, stderr } = await place.run('box', 'add', '--json', 'small.box')
    expect(code, stdout + stderr).toBe(0)
    expect(await content((JSON.parse(stdout) as { dir: string }).dir)).toContain('identical')
  })

  it.skipIf(!hasVagrant)('by vagrant box repackage', async () => {
    const { place, image } = await smallImage()
    await execa('cp', [image, join(place.dir, 'kept.qcow2')])
    const source = join(place.dir, 'source')
    await mkdir(source)
    await execa('cp', [image, join(source, 'box.img')])
    await writeFile(join(source, 'metadata.json'), '{"provider":"libvirt","format":"qcow2","virtual_size":1}')
    await execa('tar', ['-cf', 'first.box', '-C', source, 'metadata.json', 'box.img'], { cwd: place.dir })
    const env = { ...place.env, VAGRANT_HOME: join(place.dir, 'home'), VAGRANT_CHECKPOINT_DISABLE: '1' }
    const vagrant = (...args: string[]) => execa('vagrant', args, { cwd: place.dir, env, stdin: 'ignore' })
    await vagrant('box', 'add', '--name', 'small', 'first.box')
    await vagrant('box', 'repackage', 'small', 'libvirt', '0')
    const { code, stdout, stderr } = await place.run(
      'box',
      'add',
      '--json',
      'package.box',
      '--name',
      'test/small',
    )
    expect(code, stdout + stderr).toBe(0)
    expect(await content((JSON.parse(stdout) as { dir: string }).dir)).toContain('identical')
  })
})
