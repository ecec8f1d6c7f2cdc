import { appendFile, chmod, mkdir, open, readdir, rename, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { keepBudget } from '../../../../src/app/box/budget.ts'
import { pruneBoxes } from '../../../../src/app/box/prune.ts'
import type { StoredBox } from '../../../../src/box/index.ts'
import { fetchBox, openBoxStore, parseBoxSource } from '../../../../src/box/index.ts'
import { storePaths } from '../../../../src/box/store-paths.ts'
import { makeWorkFolder } from '../../../../src/lib/process/work-folder.ts'
import { boxContent, temporaryFolder, writeBox } from '../../../helpers/box-files.ts'
import { deadWork } from '../../../helpers/dead-work-name.ts'
import { userIn } from '../../../helpers/own-paths.ts'

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const store = openBoxStore(join(folder, 'store'))
  const paths = storePaths(store.dir)
  let count = 0
  const add = async (name: string, version: string, disk = `${name} ${version}`) =>
    store.add(await writeBox(join(folder, `${count++}`), boxContent({ name, version }, disk)), {
      force: true,
    })
  const prune = (more: Partial<Parameters<typeof store.prune>[0]> = {}) =>
    store.prune({ usedBy: async () => [], keep: 0, budget: null, dryRun: false, ...more })
  const there = async () => (await store.list()).map(({ name, version }) => `${name}@${version}`)
  const usedAt = (box: StoredBox, second: number) => utimes(paths.stamp(box.digest), second, second)
  return { folder, store, paths, add, prune, there, usedAt }
}

const usedBy =
  (...boxes: StoredBox[]) =>
  async (digest: string) =>
    boxes.some((box) => box.digest === digest) ? ['shop/web in /home/me/shop'] : []

describe('pruning', () => {
  it('takes away all that no machine needs, and nothing else', async () => {
    const { add, prune, there, store } = await setUp()
    await add('a/one', '1')
    const used = await add('a/one', '2')
    await add('b/two', '1')
    const gone = await prune({ usedBy: usedBy(used) })
    expect(gone.map(({ name, version }) => `${name}@${version}`).sort()).toEqual(['a/one@1', 'b/two@1'])
    expect(gone.every(({ size }) => size > 0)).toBe(true)
    expect(await there()).toEqual(['a/one@2'])
    expect(await readdir(join(store.dir, 'sha256'))).toEqual([used.digest])
    expect(await readdir(join(store.dir, 'tmp'))).toEqual([])
  })

  it('takes away what killed commands left, but not where it only tells', async () => {
    const folder = await temporaryFolder(onTestFinished)
    vi.stubEnv('TMPDIR', folder)
    onTestFinished(() => void vi.unstubAllEnvs())
    const env = { HOME: folder }
    const paths = storePaths(userIn(folder).boxes)
    const names = ['add-', 'build-', 'remove-'].map((prefix) => join(paths.tmp, prefix + deadWork))
    const left = [...names, join(folder, `posada-box-${deadWork}`)]
    for (const path of left) await mkdir(path, { recursive: true })
    const alive = await makeWorkFolder(paths.tmp, 'add-')
    const { signal } = new AbortController()
    const options = { keep: 0, to: undefined, env, emit: () => undefined, signal }
    await pruneBoxes({ ...options, dryRun: true })
    expect(await readdir(paths.tmp)).toHaveLength(4)
    await pruneBoxes({ ...options, dryRun: false })
    expect(await readdir(paths.tmp)).toEqual([basename(alive)])
    expect((await readdir(folder)).filter((name) => name.startsWith('posada-'))).toEqual([])
  })

  it('keeps the newest of each name where that is asked for', async () => {
    const { add, prune, there } = await setUp()
    for (const version of ['9', '10', '8']) await add('a/one', version)
    await add('b/two', '1')
    await prune({ keep: 1 })
    expect(await there()).toEqual(['a/one@10', 'b/two@1'])
  })

  it('only tells where that is asked for', async () => {
    const { add, prune, there } = await setUp()
    await add('a/one', '1')
    expect(await prune({ dryRun: true })).toHaveLength(1)
    expect(await there()).toEqual(['a/one@1'])
  })

  it('to a budget takes what was used longest ago first, and stops', async () => {
    const { add, prune, there, usedAt } = await setUp()
    const size = 1000
    const [old, older, young] = [
      await add('a/old', '1', 'x'.repeat(size)),
      await add('a/older', '1', 'y'.repeat(size)),
      await add('a/young', '1', 'z'.repeat(size)),
    ]
    await usedAt(old, 2000)
    await usedAt(older, 1000)
    await usedAt(young, 3000)
    await prune({ budget: size * 2.5 })
    expect(await there()).toEqual(['a/old@1', 'a/young@1'])
    await prune({ budget: size * 1.5, usedBy: usedBy(old) })
    expect(await there()).toEqual(['a/old@1'])
  })

  it('counts a box that is known by its name and by its source once', async () => {
    const { folder, add, prune, store } = await setUp()
    const box = await add('a/one', '1', 'x'.repeat(1000))
    const source = await writeBox(
      join(folder, 'same'),
      boxContent({ name: 'a/one', version: '1' }, 'x'.repeat(1000)),
    )
    const { signal } = new AbortController()
    const context = { store, arch: 'x86_64' as const, emit: () => undefined, signal, env: {}, catalogues: [] }
    await fetchBox(parseBoxSource(source, '/'), { ...context, names: [] })
    expect(await store.list()).toMatchObject([{ digest: box.digest }, { digest: box.digest }])
    const gone = await prune()
    expect(gone).toHaveLength(2)
    expect(gone.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(1100)
    expect(await store.get(box.digest)).toBeNull()
  })

  it('takes a look-up for a use', async () => {
    const { add, store, usedAt } = await setUp()
    const box = await add('a/one', '1')
    await usedAt(box, 1000)
    expect((await store.lastUse(box.digest))?.getTime()).toBe(1_000_000)
    await store.resolve('a/one', 'x86_64')
    expect((await store.lastUse(box.digest))?.getTime()).toBeGreaterThan(1_000_000)
  })

  it('takes damaged boxes too', async () => {
    const { add, prune, there, paths } = await setUp()
    const box = await add('a/one', '1')
    await chmod(paths.boxJson(box.digest), 0o600)
    await appendFile(paths.boxJson(box.digest), ' ')
    await prune()
    expect(await there()).toEqual([])
  })
})

it('a removal that was killed while somebody took the box is undone by the next', async () => {
  const { add, store, paths } = await setUp()
  const [needed, other] = [await add('a/one', '1'), await add('b/two', '1')]
  const nameless = 'f'.repeat(64)
  const killed = join(paths.tmp, `remove-999999999-00-${'0'.repeat(8)}`)
  await mkdir(join(killed, nameless), { recursive: true })
  await rename(needed.dir, join(killed, needed.digest))
  await store.remove('b/two', { usedBy: usedBy(needed) })
  expect(await store.get(needed.digest)).toEqual(needed)
  expect(await store.get(other.digest)).toBeNull()
  expect(await readdir(join(store.dir, 'sha256'))).toEqual([needed.digest])
  expect(await readdir(paths.tmp)).toEqual([])
})

describe('a box that is replaced while machines stand on it', () => {
  it('stays for them until they are gone', async () => {
    const { folder, store, prune } = await setUp()
    const { admitBox } = await import('../../../../src/box/store/admit.ts')
    const { takeFolder } = await import('../../../../src/box/store/take-folder.ts')
    const admit = async (disk: string, users: string[]) => {
      const source = await writeBox(join(folder, disk), boxContent({}, disk))
      return admitBox(storePaths(store.dir), (target) => takeFolder(source, target), {
        force: true,
        usedBy: () => users,
      })
    }
    const first = await admit('one', [])
    await admit('two', ['shop/web in /home/me/shop'])
    expect(await store.get(first.digest)).toEqual(first)
    await prune({ usedBy: usedBy(first), keep: 1 })
    expect(await store.get(first.digest)).toEqual(first)
    await prune({ keep: 1 })
    expect(await store.get(first.digest)).toBeNull()
  })
})

describe('verifying', () => {
  it('that finds damage is not forgotten by whoever uses the box next', async () => {
    const { add, store } = await setUp()
    const box = await add('a/one', '1')
    const path = join(box.dir, 'root.raw')
    await utimes(path, 1000, 1000)
    expect(await store.verify(box.digest)).toBeNull()
    // As a disk that goes bad does it: the same size, the same time.
    await chmod(path, 0o600)
    const file = await open(path, 'r+')
    await file.write('X', 0)
    await file.close()
    await utimes(path, 1000, 1000)
    expect(await store.get(box.digest)).not.toBeNull()
    expect(await store.verify(box.digest)).toMatchObject({ code: 'E_BOX_CORRUPT' })
    await expect(store.get(box.digest)).rejects.toMatchObject({ code: 'E_BOX_CORRUPT' })
  })

  it('finds out a file that was changed without a trace', async () => {
    const { add, store } = await setUp()
    const box = await add('a/one', '1', 'the disk')
    expect(await store.verify(box.digest)).toBeNull()
    const disk = join(box.dir, 'root.raw')
    const { stat, writeFile } = await import('node:fs/promises')
    const { atime, mtime } = await stat(disk)
    await chmod(disk, 0o600)
    await writeFile(disk, 'the DISK')
    await utimes(disk, atime, mtime)
    expect(await store.verify(box.digest)).toMatchObject({
      code: 'E_BOX_CORRUPT',
      message: expect.stringContaining('root.raw'),
    })
  })
})

describe('a budget', () => {
  it('is kept after a box was added, which itself stays', async () => {
    const { folder, add, store, there, usedAt } = await setUp()
    const old = await add('a/old', '1', 'x'.repeat(1000))
    await usedAt(old, 1000)
    const box = await add('a/new', '1', 'y'.repeat(1000))
    const messages: string[] = []
    const keep = (budget: string | undefined) =>
      keepBudget({
        store,
        user: userIn(folder),
        env: { POSADA_BOX_BUDGET: budget },
        emit: (event) => messages.push('message' in event ? event.message : ''),
        spare: box.digest,
      })
    await keep(undefined)
    await keep('1GiB')
    expect(await there()).toHaveLength(2)
    await expect(keep('15000')).rejects.toMatchObject({ code: 'E_USAGE' })
    await keep('1.5kB')
    expect(await there()).toEqual(['a/new@1'])
    expect(messages).toEqual([expect.stringContaining('a/old@1 (1009B) was removed')])
  })
})
