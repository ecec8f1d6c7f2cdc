import { createHash, generateKeyPairSync } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchBox, openBoxStore, parseBoxSource } from '../../../../src/box/index.ts'
import type { BoxFacts } from '../../../../src/box/model.ts'
import type { PosadaEvent } from '../../../../src/events/index.ts'
import { generateKeyPair, publicKeyOf } from '../../../../src/ssh/keys.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { hasQemuImg, inFolder, qemuImg } from '../../../helpers/qemu-img.ts'
import { type TarMember, tar } from '../../../helpers/tar.ts'

const image = hasQemuImg
  ? await inFolder((folder) => {
      qemuImg('create', '-q', '-f', 'qcow2', join(folder, 'a'), '8M')
      return readFile(join(folder, 'a'), 'latin1')
    })
  : ''
const json = (data: object): TarMember => ({ name: './metadata.json', content: JSON.stringify(data) })
const v1 = json({ provider: 'libvirt', format: 'qcow2', virtual_size: 1 })
const disk: TarMember = { name: './box.img', content: image, encoding: 'latin1' }

const rsaKey = (more: object = {}) =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem', ...more })
    .toString()

async function add(members: TarMember[] | Buffer, facts: BoxFacts = {}) {
  const folder = await temporaryFolder(onTestFinished)
  const path = join(folder, 'Shop 12.box')
  await writeFile(path, Buffer.isBuffer(members) ? members : tar(members))
  const store = openBoxStore(join(folder, 'store'))
  const events: PosadaEvent[] = []
  const emit = (event: PosadaEvent) => {
    events.push(event)
  }
  const signal = new AbortController().signal
  const context = { store, arch: 'x86_64' as const, emit, signal, env: {}, catalogues: [], facts }
  return { store, events, result: fetchBox(parseBoxSource(path, folder), context) }
}

describe.skipIf(!hasQemuImg)('a Vagrant box', () => {
  it('becomes a box that boots by firmware and lets in the user vagrant', async () => {
    const { result } = await add([v1, disk])
    const { manifest, dir } = await result
    expect(manifest).toMatchObject({
      name: 'local/shop-12',
      version: expect.stringMatching(/^0\.\d+$/),
      disks: [{ file: 'root.qcow2', format: 'qcow2', virtualSize: 8 * 2 ** 20 }],
      firmware: 'bios',
      login: {
        user: 'vagrant',
        key: { file: 'vagrant-rsa.key' },
        otherKeys: [{ file: 'vagrant-ed25519.key' }],
      },
      announcesReady: false,
    })
    expect(await readFile(join(dir, 'root.qcow2'), 'latin1')).toBe(image)
    expect((await readdir(dir)).sort()).toEqual([
      'box.json',
      'root.qcow2',
      'vagrant-ed25519.key',
      'vagrant-rsa.key',
    ])
    for (const file of ['vagrant-rsa.key', 'vagrant-ed25519.key'])
      expect((await stat(join(dir, file))).mode & 0o777).toBe(0o400)
  })

  it('is let in to by the keys that are well known', async () => {
    const { dir } = await (await add([v1, disk])).result
    const fingerprint = async (file: string) => {
      const [, blob = ''] = publicKeyOf(await readFile(join(dir, file), 'utf8'), file).split(' ')
      return createHash('md5').update(Buffer.from(blob, 'base64')).digest('hex')
    }
    expect(await fingerprint('vagrant-rsa.key')).toBe('dd3bb82e850406e9abffa80ac0046ed6')
    expect(await fingerprint('vagrant-ed25519.key')).toMatch(/^[0-9a-f]{32}$/)
  })

  it('is the same box to the byte whenever it is added', async () => {
    const [first, second] = [await (await add([v1, disk])).result, await (await add([v1, disk])).result]
    expect(first.digest).toBe(second.digest)
  })

  it('may have its metadata behind its disks, and several of these', async () => {
    const v2 = json({
      provider: 'libvirt',
      format: 'qcow2',
      disks: [{ path: 'box_1.img' }, { path: 'more/two.img' }],
    })
    const members = [
      { ...disk, name: 'box_1.img' },
      { name: 'more/', type: '5' },
      { ...disk, name: 'more/two.img' },
      v2,
    ]
    const { manifest } = await (await add(gzipSync(tar(members)), { name: 'Team/Shop', version: '1.2.3' }))
      .result
    expect(manifest).toMatchObject({
      name: 'team/shop',
      version: '1.2.3',
      disks: [{ file: 'root.qcow2' }, { file: 'disk-2.qcow2' }],
    })
  })

  it('that was packaged from a machine is let in to by the key beside it', async () => {
    for (const key of [generateKeyPair('posada').privateKey, rsaKey()]) {
      const { dir, manifest } = await (
        await add([
          v1,
          disk,
          { name: './include/vagrant_private_key', content: key.replaceAll('\n', '\r\n') },
        ])
      ).result
      expect(await readFile(join(dir, manifest.login.key?.file ?? ''), 'utf8')).toBe(key)
      expect(manifest.login.otherKeys).toHaveLength(2)
    }
  })

  it.each([
    ['is encrypted', () => rsaKey({ cipher: 'aes-128-cbc', passphrase: 'secret' }), /is encrypted/],
    ['is none', () => 'ssh-ed25519 AAAA posada', /is not a readable private key/],
    ['is broken', () => rsaKey().slice(0, 200), /is not a readable private key/],
    ['is huge', () => 'x'.repeat(20_000), /too large/],
  ])('whose private key %s is refused: no one could log in', async (_, key, problem) => {
    const { store, result } = await add([v1, disk, { name: 'vagrant_private_key', content: key() }])
    await expect(result).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
    expect(await store.list()).toEqual([])
  })

  it('that unpacks to far more than it is takes no room', async () => {
    const size = String(6 * 2 ** 30)
    const record = (text: string) => `${text.length + 4} ${text}\n`
    const map = record(`GNU.sparse.map=0,0`) + record(`GNU.sparse.size=${size}`)
    const { store, result } = await add([
      v1,
      { name: 'x', type: 'x', content: map },
      { name: 'box.img', content: '' },
    ])
    await expect(result).rejects.toThrow(/too much for its size/)
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })

  it('has its Vagrantfile read and not run, and tells what has no effect', async () => {
    const Vagrantfile =
      'config.ssh.username = "core"\nconfig.vm.base_mac = "5254"\nFile.write("/tmp/x", "")\n'
    const { result, events } = await add([v1, { name: 'Vagrantfile', content: Vagrantfile }, disk])
    expect((await result).manifest.login.user).toBe('core')
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'notice',
        message: expect.stringContaining('config.vm.base_mac, other lines of Ruby'),
      }),
    )
  })

  const passwd = { name: 'box.img', type: '2', link: '/etc/passwd' }
  it.each<[string, TarMember[], RegExp]>([
    ['a disk that is a link', [v1, passwd], /symbolic link/],
    ['a disk that is a hard link', [v1, { ...passwd, type: '1' }], /hard link/],
    ['a device', [v1, disk, { name: 'x', type: '4' }], /device/],
    ['a named pipe', [v1, disk, { name: 'x', type: '6' }], /named pipe/],
    ['a file outside', [v1, disk, { name: '../../x', content: 'x' }], /points outside the archive/],
    ['an absolute path', [v1, disk, { name: '/tmp/x', content: 'x' }], /points outside the archive/],
    ['a disk twice', [v1, disk, { ...disk, name: 'box.img' }], /twice/],
    ['no metadata', [disk], /has no metadata.json/],
    ['no disk', [v1], /its disk box.img is missing/],
    ['a huge metadata.json', [{ ...v1, content: ' '.repeat(2_000_000) }, disk], /too large/],
    [
      'a disk path that leaves it',
      [json({ provider: 'libvirt', disks: [{ path: '../a' }] }), disk],
      /points outside the box/,
    ],
    ['a disk that is not qcow2', [v1, { ...disk, content: 'raw'.repeat(1000) }], /not a qcow2 image/],
    ['a disk of VMware', [v1, { ...disk, content: `KDMV${' '.repeat(600)}` }], /VMDK/],
    [
      'files for VirtualBox',
      [{ name: 'box.ovf', content: '<xml/>' }, json({ provider: 'virtualbox' })],
      /made for "virtualbox"/,
    ],
  ])('with %s is refused and leaves nothing', async (_, members, problem) => {
    const { store, result } = await add(members)
    await expect(result).rejects.toMatchObject({
      code: 'E_BOX_INVALID',
      message: expect.stringMatching(problem),
    })
    expect(await store.list()).toEqual([])
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })

  it('that lies on a file of the host is refused', async () => {
    const hostile = await inFolder((folder) => {
      qemuImg('create', '-q', '-f', 'qcow2', '-b', '/etc/shadow', '-F', 'raw', '-u', join(folder, 'a'), '8M')
      return readFile(join(folder, 'a'), 'latin1')
    })
    const { result } = await add([v1, { ...disk, content: hostile }])
    await expect(result).rejects.toMatchObject({ message: expect.stringMatching(/shadow/) })
  })
})
