import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openBoxStore } from '../../../src/box/index.ts'
import { storePaths } from '../../../src/box/store-paths.ts'
import { boxContent, temporaryFolder, writeBox } from '../../helpers/box-files.ts'
import { deadWork } from '../../helpers/dead-work-name.ts'

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const store = openBoxStore(join(folder, 'store'))
  let count = 0
  const box = (...content: Parameters<typeof boxContent>) =>
    writeBox(join(folder, `box ${count++}`), boxContent(...content))
  return { folder, store, box, paths: storePaths(store.dir) }
}

describe('adding a box', () => {
  it('makes it resolvable by name and by version', async () => {
    const { store, box } = await setUp()
    const added = await store.add(await box())
    expect(await store.resolve('test/one', 'x86_64')).toEqual(added)
    expect(await store.resolve('test/one@20261122.1', 'x86_64')).toEqual(added)
    expect(await store.list()).toMatchObject([
      { name: 'test/one', version: '20261122.1', arch: 'x86_64', problem: null },
    ])
  })

  it('keeps versions and architectures side by side', async () => {
    const { store, box } = await setUp()
    const added = new Map<string, string>()
    for (const version of ['1', '2'])
      for (const arch of ['x86_64', 'aarch64'] as const)
        added.set(
          `${version} ${arch}`,
          (await store.add(await box({ version, arch }, `${version} ${arch}`))).digest,
        )
    for (const [what, digest] of added) {
      const [version, arch] = what.split(' ') as [string, 'x86_64' | 'aarch64']
      expect((await store.resolve(`test/one@${version}`, arch)).digest).toBe(digest)
    }
    expect((await store.resolve('test/one', 'aarch64')).digest).toBe(added.get('2 aarch64'))
    const listed = (await store.list()).map(({ version, arch }) => `${version} ${arch}`)
    expect(listed.sort()).toEqual([...added.keys()].sort())
    expect(await store.remove('test/one@1')).toHaveLength(2)
    expect(await store.list()).toHaveLength(2)
  })

  it('keeps the private key from others', async () => {
    const { store, box } = await setUp()
    const { dir } = await store.add(await box())
    expect((await stat(join(dir, 'login.key'))).mode & 0o777).toBe(0o400)
  })

  it('takes only the files that box.json names', async () => {
    const { store, box } = await setUp()
    const source = await box()
    await writeFile(join(source, 'more'), 'x')
    const { dir } = await store.add(source)
    expect((await readdir(dir)).sort()).toEqual(['box.json', 'login.key', 'root.raw'])
  })

  it('is done again without complaint when it is the same, and refused when it is not', async () => {
    const { store, box } = await setUp()
    const first = await store.add(await box())
    expect(await store.add(await box())).toEqual(first)
    await expect(store.add(await box({}, 'another disk'))).rejects.toMatchObject({ code: 'E_BOX_EXISTS' })
    expect(await store.resolve('test/one', 'x86_64')).toEqual(first)
    const second = await store.add(await box({}, 'another disk'), { force: true })
    expect(await store.resolve('test/one', 'x86_64')).toEqual(second)
    // No one has said whether machines stand on the first one.
    expect((await readdir(join(store.dir, 'sha256'))).sort()).toEqual([first.digest, second.digest].sort())
    const third = await store.add(await box({}, 'a third disk'), { force: true, usedBy: () => [] })
    expect((await readdir(join(store.dir, 'sha256'))).sort()).toEqual([first.digest, third.digest].sort())
    await store.add(await box({}, 'a fourth disk'), { force: true, usedBy: () => ['shop/web in /srv'] })
    expect(await readdir(join(store.dir, 'sha256'))).toContain(third.digest)
  })

  it.each([
    ['not there', async (folder: string) => rm(folder, { recursive: true }), 'E_BOX_INVALID'],
    ['without box.json', async (folder: string) => rm(join(folder, 'box.json')), 'E_BOX_INVALID'],
    ['without its disk', async (folder: string) => rm(join(folder, 'root.raw')), 'E_BOX_INVALID'],
    [
      'whose disk is a link to another file',
      async (folder: string) => {
        await rm(join(folder, 'root.raw'))
        await symlink('/etc/hostname', join(folder, 'root.raw'))
      },
      'E_BOX_INVALID',
    ],
    [
      'whose box.json is a link to another file',
      async (folder: string) => {
        await rename(join(folder, 'box.json'), `${folder}.json`)
        await symlink(`${folder}.json`, join(folder, 'box.json'))
      },
      'E_BOX_INVALID',
    ],
    [
      'with too large a disk',
      async (folder: string) => appendFile(join(folder, 'root.raw'), 'x'),
      'E_BOX_INVALID',
    ],
    ['with a short disk', async (folder: string) => truncate(join(folder, 'root.raw'), 3), 'E_BOX_CORRUPT'],
    [
      'with another disk',
      async (folder: string) => writeFile(join(folder, 'root.raw'), 'the DISK'),
      'E_BOX_CORRUPT',
    ],
  ])('is refused for a folder %s, and leaves nothing', async (_, spoil, code) => {
    const { store, box } = await setUp()
    const source = await box()
    await spoil(source)
    await expect(store.add(source)).rejects.toMatchObject({ code })
    expect(await store.list()).toEqual([])
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })

  it('by many at once ends with one whole box', async () => {
    const { store, box } = await setUp()
    const source = await box()
    const all = await Promise.all(Array.from({ length: 8 }, () => store.add(source)))
    expect(new Set(all.map((one) => one.digest)).size).toBe(1)
    expect(await store.resolve('test/one', 'x86_64')).toEqual(all[0])
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })

  it('and removing at the same time never leaves a name without its box', async () => {
    const { store, box } = await setUp()
    const source = await box()
    for (let round = 0; round < 20; round++) {
      await store.add(source)
      await Promise.allSettled([store.remove('test/one'), store.add(source), store.add(source)])
      for (const { box: found } of await store.list()) expect(found).not.toBeNull()
    }
  })

  it('sweeps what killed processes left, and leaves the work of living ones', async () => {
    const { store, box, paths } = await setUp()
    const dead = join(paths.tmp, `add-${deadWork}`)
    const reused = join(
      paths.tmp,
      `add-${process.pid}-${Buffer.from('long ago').toString('hex')}-${'0'.repeat(8)}`,
    )
    const strange = join(paths.tmp, 'somebody else')
    for (const folder of [dead, reused, strange]) await mkdir(folder, { recursive: true })
    await store.add(await box())
    expect(await readdir(paths.tmp)).toEqual(['somebody else'])
  })
})

describe('resolving a box', () => {
  it('takes the newest version', async () => {
    const { store, box } = await setUp()
    for (const version of ['20261122.9', '20261122.10', '20251122.99'])
      await store.add(await box({ version }))
    const { manifest } = await store.resolve('test/one', 'x86_64')
    expect(manifest.version).toBe('20261122.10')
  })

  it('says how to build what there is a recipe for', async () => {
    const { store } = await setUp()
    await expect(store.resolve('debian/12', 'x86_64')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      hint: 'posada box build debian/12',
    })
    await expect(store.resolve('debain/12', 'x86_64')).rejects.toMatchObject({
      hint: 'did you mean debian/12?',
    })
  })

  it('says which versions and architectures there are', async () => {
    const { store, box } = await setUp()
    await store.add(await box())
    await expect(store.resolve('test/one@1', 'x86_64')).rejects.toMatchObject({
      code: 'E_BOX_MISSING',
      hint: expect.stringContaining('20261122.1'),
    })
    await expect(store.resolve('test/one', 'aarch64')).rejects.toMatchObject({ code: 'E_BOX_ARCH' })
  })

  it('notices files that are missing, truncated or changed, also at the same size', async () => {
    const { store, box } = await setUp()
    for (const spoil of [
      (disk: string) => rm(disk),
      (disk: string) => truncate(disk, 2),
      (disk: string) => writeFile(disk, 'the DISK'),
    ]) {
      const { dir } = await store.add(await box(), { force: true })
      await chmod(join(dir, 'root.raw'), 0o600)
      await spoil(join(dir, 'root.raw'))
      await expect(store.resolve('test/one', 'x86_64')).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
    }
    await store.add(await box())
    await expect(store.resolve('test/one', 'x86_64')).resolves.toBeDefined()
  })

  it('hashes a file again that only looks changed', async () => {
    const { store, box } = await setUp()
    const { dir } = await store.add(await box())
    await utimes(join(dir, 'root.raw'), 1, 1)
    await expect(store.resolve('test/one', 'x86_64')).resolves.toBeDefined()
  })

  it('notices a changed box.json', async () => {
    const { store, box } = await setUp()
    const { dir } = await store.add(await box())
    await chmod(join(dir, 'box.json'), 0o600)
    await appendFile(join(dir, 'box.json'), ' ')
    await expect(store.resolve('test/one', 'x86_64')).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
    expect(await store.list()).toMatchObject([
      { name: 'test/one', box: null, problem: { code: 'E_BOX_CORRUPT' } },
    ])
  })
})

describe('removing a box', () => {
  it('takes its files away, and those of no other', async () => {
    const { store, box } = await setUp()
    await store.add(await box())
    const other = await store.add(await box({ name: 'test/two' }, 'two'))
    expect(await store.remove('test/one')).toMatchObject([{ name: 'test/one' }])
    await expect(store.resolve('test/one', 'x86_64')).rejects.toMatchObject({ code: 'E_BOX_MISSING' })
    expect(await readdir(join(store.dir, 'sha256'))).toEqual([other.digest])
    await expect(store.remove('test/one')).rejects.toMatchObject({ code: 'E_BOX_MISSING' })
  })

  it('is refused while machines use it, and then removes nothing', async () => {
    const { store, box } = await setUp()
    await store.add(await box())
    const newer = await store.add(await box({ version: '20261122.2' }))
    const usedBy = (digest: string) => (digest === newer.digest ? ['web in /home/me/shop'] : [])
    await expect(store.remove('test/one', { usedBy })).rejects.toMatchObject({
      code: 'E_BOX_IN_USE',
      details: ['web in /home/me/shop'],
    })
    expect(await store.list()).toHaveLength(2)
    await store.remove('test/one@20261122.1', { usedBy })
    expect(await store.list()).toHaveLength(1)
  })
})
