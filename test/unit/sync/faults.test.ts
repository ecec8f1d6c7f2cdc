import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { listConflicts, readSyncStatus, resolveConflicts, restoreFromTrash } from '../../../src/sync/index.ts'
import { sweepTrash } from '../../../src/sync/trash.ts'
import { makePair, type TestPair } from '../../helpers/sync-pair.ts'

const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8')

function write(root: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
}

async function synced(files: Record<string, string>, pair: TestPair = makePair('dash')): Promise<TestPair> {
  write(pair.from, files)
  await pair.sync()
  return pair
}

describe('what both sides changed', { timeout: 60_000 }, () => {
  const conflicting = async () => {
    const pair = await synced({ 'src/a': '1', 'src/b': '1', c: '1' })
    for (const path of ['src/a', 'src/b', 'c']) {
      write(pair.from, { [path]: `host ${path}` })
      write(pair.to, { [path]: `guest ${path}` })
    }
    expect(await pair.sync()).toMatchObject({ conflicts: 3, toHost: { written: 0 }, toGuest: { written: 0 } })
    return pair
  }

  test('stays in both versions, and is listed', async () => {
    using pair = await conflicting()
    expect(read(pair.from, 'c')).toBe('host c')
    expect(read(pair.to, 'c')).toBe('guest c')
    const conflicts = await listConflicts(pair.stateDir)
    expect(conflicts.map(({ path }) => path)).toEqual(['c', 'src/a', 'src/b'])
    expect(conflicts[0]).toMatchObject({ mine: { kind: 'file', size: 6 }, theirs: { kind: 'file', size: 7 } })
    expect(await readSyncStatus(pair.stateDir)).toMatchObject({ state: 'stopped', conflicts: 3 })
  })

  test.each([
    ['mine', 'host', 'guest'],
    ['theirs', 'guest', 'host'],
  ] as const)('is settled in bulk: %s', async (choice, wins, loses) => {
    using pair = await conflicting()
    expect(await resolveConflicts(pair.stateDir, choice, ['src/*'])).toBe(2)
    expect(await pair.sync()).toMatchObject({ conflicts: 1 })
    for (const path of ['src/a', 'src/b']) {
      expect(read(pair.from, path)).toBe(`${wins} ${path}`)
      expect(read(pair.to, path)).toBe(`${wins} ${path}`)
    }
    expect(pair.trash()).toEqual([`${loses} src/a`, `${loses} src/b`])
    expect(await resolveConflicts(pair.stateDir, choice, ['src/*'])).toBe(0)
  })

  test.each([
    ['mine', 'folder'],
    ['theirs', 'file'],
  ] as const)('a folder against a file, settled by %s: the %s, with all in it', async (choice, kind) => {
    using pair = await synced({ 'd/a': '1', 'd/b/c': '1', keep: '' })
    write(pair.from, { 'd/a': '2', 'd/new/e': '3' })
    rmSync(join(pair.to, 'd'), { recursive: true })
    write(pair.to, { d: 'a file' })
    expect(await pair.sync()).toMatchObject({ conflicts: 1 })
    await resolveConflicts(pair.stateDir, choice, ['d'])
    expect(await pair.sync()).toMatchObject({ conflicts: 0 })
    expect(pair.differences()).toBe('')
    if (kind === 'file') expect(read(pair.from, 'd')).toBe('a file')
    else expect(readdirSync(join(pair.to, 'd')).sort()).toEqual(['a', 'b', 'new'])
  })

  test('is settled by the newest', async () => {
    using pair = await conflicting()
    write(pair.from, { c: 'newest' })
    await resolveConflicts(pair.stateDir, 'newest', ['c'])
    await pair.sync()
    expect(read(pair.to, 'c')).toBe('newest')
  })

  test('is none where both came to the same', async () => {
    using pair = await conflicting()
    for (const root of [pair.from, pair.to]) write(root, { 'src/a': '=', 'src/b': '=', c: '=' })
    expect(await pair.sync()).toMatchObject({ conflicts: 0 })
    expect(await listConflicts(pair.stateDir)).toEqual([])
  })
})

describe('with `merge`, texts that both sides changed', { timeout: 60_000 }, () => {
  const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`)
  const text = (changed: Record<number, string>) =>
    lines.map((line, at) => `${changed[at] ?? line}\n`).join('')

  test('are merged where their hunks do not overlap, and both versions are kept', async () => {
    using pair = await synced({ f: text({}) }, makePair('dash', { merge: true }))
    write(pair.from, { f: text({ 2: 'host' }) })
    write(pair.to, { f: text({ 17: 'guest' }) })
    expect(await pair.sync()).toMatchObject({ conflicts: 0 })
    expect(read(pair.from, 'f')).toBe(text({ 2: 'host', 17: 'guest' }))
    expect(pair.differences()).toBe('')
    expect(pair.trash()).toEqual(['guest f', 'host f'])
    write(pair.from, { f: text({ 2: 'host', 5: 'again', 17: 'guest' }) })
    write(pair.to, { f: text({ 2: 'host', 12: 'too', 17: 'guest' }) })
    await pair.sync()
    expect(read(pair.to, 'f')).toBe(text({ 2: 'host', 5: 'again', 12: 'too', 17: 'guest' }))
  })

  test.each([
    ['overlap', text({}), text({ 2: 'host' }), text({ 2: 'guest' })],
    ['are not text', 'a\0b', 'a\0c', 'd\0b'],
  ])('stay in conflict where they %s', async (_, before, mine, theirs) => {
    using pair = await synced({ f: before }, makePair('dash', { merge: true }))
    write(pair.from, { f: mine })
    write(pair.to, { f: theirs })
    expect(await pair.sync()).toMatchObject({ conflicts: 1 })
    expect([read(pair.from, 'f'), read(pair.to, 'f')]).toEqual([mine, theirs])
  })
})

describe('what is deleted', { timeout: 60_000 }, () => {
  test('comes back from the trash, and goes to both sides', async () => {
    using pair = await synced({ 'd/a': 'A', 'd/b': 'B', keep: '' })
    rmSync(join(pair.from, 'd'), { recursive: true })
    await pair.sync()
    expect(existsSync(join(pair.to, 'd'))).toBe(false)
    const { restored } = await restoreFromTrash(pair, ['d/a'])
    expect(restored).toMatchObject([{ path: 'd/a', side: 'guest', kind: 'file', size: 1 }])
    await pair.sync()
    expect(read(pair.to, 'd/a')).toBe('A')
    expect(await restoreFromTrash(pair, ['d/a'])).toEqual({ restored: [], taken: [] })
  })

  test('or was replaced comes back in the place of what is newer, which can come back in turn', async () => {
    using pair = await synced({ 'd/a': 'one', keep: '' })
    write(pair.from, { 'd/a': 'second' })
    await pair.sync()
    expect(await restoreFromTrash(pair, ['d'])).toMatchObject({ restored: [], taken: [{ path: 'd/a' }] })
    expect((await restoreFromTrash(pair, ['./d/a'])).restored).toMatchObject([{ path: 'd/a', size: 3 }])
    const between = Date.now() + 1
    await pair.sync()
    expect(read(pair.to, 'd/a')).toBe('one')
    expect((await restoreFromTrash(pair, ['d/a'])).restored).toMatchObject([{ path: 'd/a', size: 6 }])
    expect(read(pair.from, 'd/a')).toBe('second')
    expect((await restoreFromTrash(pair, ['d/a'], between)).restored).toMatchObject([
      { size: 6, side: 'host' },
    ])
  })

  test('does not come back through a link that has taken the place of a folder', async () => {
    using pair = await synced({ 'd/a': 'A', keep: '' })
    rmSync(join(pair.from, 'd'), { recursive: true })
    await pair.sync()
    mkdirSync(join(pair.stateDir, 'elsewhere'))
    symlinkSync(join(pair.stateDir, 'elsewhere'), join(pair.from, 'd'))
    expect(await restoreFromTrash(pair, ['d/a'])).toMatchObject({ restored: [], taken: [{ path: 'd/a' }] })
    expect(readdirSync(join(pair.stateDir, 'elsewhere'))).toEqual([])
  })

  test('is not what was new or changed on the other side meanwhile', async () => {
    using pair = await synced({ 'd/a': 'A', 'd/b': 'B', keep: '' })
    rmSync(join(pair.from, 'd'), { recursive: true })
    write(pair.to, { 'd/a': 'changed', 'd/new': 'new' })
    await pair.sync()
    expect(readdirSync(join(pair.from, 'd')).sort()).toEqual(['a', 'new'])
    expect(pair.differences()).toBe('')
  })
})

describe('a folder that is gone, emptied or another one', { timeout: 60_000 }, () => {
  test.each(['from', 'to'] as const)('%s: an empty one never empties the other side', async (side) => {
    using pair = await synced({ a: '1', 'd/b': '2' })
    for (const name of readdirSync(pair[side])) rmSync(join(pair[side], name), { recursive: true })
    await expect(pair.sync()).rejects.toMatchObject({ code: 'E_SYNC_ROOT' })
    expect(read(pair[side === 'from' ? 'to' : 'from'], 'd/b')).toBe('2')
  })

  test('an unmounted disk: the folder is missing, or is an empty one', async () => {
    using pair = await synced({ a: '1' })
    renameSync(pair.from, `${pair.from}.away`)
    await expect(pair.sync()).rejects.toMatchObject({ code: 'E_SYNC_ROOT' })
    mkdirSync(pair.from)
    await expect(pair.sync()).rejects.toMatchObject({ code: 'E_SYNC_ROOT' })
    expect(read(pair.to, 'a')).toBe('1')
    rmSync(pair.from, { recursive: true })
    renameSync(`${pair.from}.away`, pair.from)
    expect(await pair.sync()).toMatchObject({ toGuest: { written: 0, removed: 0 } })
  })

  test('a guest that was made again gets all of it', async () => {
    using pair = await synced({ a: '1', 'd/b': '2' })
    rmSync(pair.to, { recursive: true })
    expect(await pair.sync()).toMatchObject({ toGuest: { written: 3 }, toHost: { removed: 0 } })
    expect(pair.differences()).toBe('')
  })

  test('a project that was copied: nothing is deleted, both are joined', async () => {
    using pair = await synced({ a: '1', b: '2' })
    renameSync(pair.from, `${pair.from}.old`)
    write(pair.from, { a: '1', c: '3' })
    await pair.sync()
    expect(readdirSync(pair.from).sort()).toEqual(['a', 'b', 'c'])
    expect(pair.differences()).toBe('')
  })

  test('an ancestor whose end was cut off, or that is lost', async () => {
    using pair = await synced({ a: '1', b: '2', 'd/c': '3' })
    const file = join(pair.stateDir, 'ancestor')
    const whole = readFileSync(file)
    for (const length of [whole.length - 3, whole.length / 2, 10, 0]) {
      writeFileSync(file, whole.subarray(0, length))
      expect(await pair.sync()).toMatchObject({
        conflicts: 0,
        toGuest: { written: 0 },
        toHost: { written: 0 },
      })
    }
    rmSync(join(pair.to, 'a'))
    await pair.sync()
    expect(existsSync(join(pair.from, 'a'))).toBe(false)
  })
})

describe('what stays behind', { timeout: 60_000 }, () => {
  test('is what ignore files and `exclude` name, .git and .posada, on both sides', async () => {
    using pair = makePair('dash', { exclude: ['node_modules', '*.log'] })
    await synced(
      {
        '.gitignore': 'dist/\n*.tmp\n',
        'sub/.gitignore': '!keep.tmp\n',
        'sub/keep.tmp': '',
        'sub/x.tmp': '',
        'dist/a': '',
        'node_modules/x': '',
        'a.log': '',
        '.git/HEAD': '',
        '.posada/state': '',
        src: '',
      },
      pair,
    )
    expect(readdirSync(pair.to).sort()).toEqual(['.gitignore', 'src', 'sub'])
    expect(readdirSync(join(pair.to, 'sub')).sort()).toEqual(['.gitignore', 'keep.tmp'])
    write(pair.to, { 'dist/b': '', 'node_modules/y': '', 'b.log': '', 'sub/y.tmp': '' })
    expect(await pair.sync()).toMatchObject({ toHost: { written: 0 }, toGuest: { written: 0, removed: 0 } })
  })

  test('is no longer carried once it is named, and not deleted', async () => {
    using pair = await synced({ a: '1', 'b.tmp': '2', '.gitignore': '' })
    write(pair.from, { '.gitignore': '*.tmp\n' })
    await pair.sync()
    write(pair.from, { 'b.tmp': 'changed' })
    rmSync(join(pair.from, 'a'))
    await pair.sync()
    expect(read(pair.to, 'b.tmp')).toBe('2')
    expect(readdirSync(pair.to).sort()).toEqual(['.gitignore', 'b.tmp'])
  })

  test('is known before what comes with its ignore file', async () => {
    using pair = await synced({ keep: '' })
    write(pair.to, { 'app/.gitignore': 'node_modules\n', 'app/main': '', 'app/node_modules/x': '' })
    await pair.sync()
    expect(readdirSync(join(pair.from, 'app')).sort()).toEqual(['.gitignore', 'main'])
  })

  test('holds a folder that was removed on the other side, which does not come back', async () => {
    using pair = await synced({ '.gitignore': 'node_modules\n', 'app/main': '', keep: '' })
    write(pair.to, { 'app/node_modules/x': '' })
    rmSync(join(pair.from, 'app'), { recursive: true })
    await pair.sync()
    await pair.sync()
    expect(existsSync(join(pair.from, 'app'))).toBe(false)
    expect(readdirSync(join(pair.to, 'app'))).toEqual(['node_modules'])
  })

  test('.git is carried where it is wanted', async () => {
    using pair = makePair('dash', { git: true })
    await synced({ '.git/HEAD': 'ref', '.git/objects/ab/cd': 'x' }, pair)
    expect(pair.differences()).toBe('')
  })
})

describe('a guest', { timeout: 60_000 }, () => {
  test('that lacks a program says which', async () => {
    using pair = makePair('bare', {}, 'command() { [ "$2" != tar ]; }')
    await expect(pair.sync()).rejects.toMatchObject({
      code: 'E_SYNC_GUEST',
      message: expect.stringContaining('the guest has no tar'),
    })
  })

  test('whose folder cannot be made', async () => {
    using pair = makePair('dash', { to: '/proc/none' })
    await expect(pair.sync()).rejects.toMatchObject({ code: 'E_SYNC_GUEST', value: '/proc/none' })
  })

  // A limit on the size of files stands for a full disk: what is written fails in the middle.
  test('that has no room left keeps what it had, and gets the rest later', async () => {
    using pair = await synced({ f: 'old', g: 'old' })
    write(pair.from, { f: 'new', g: 'x'.repeat(200_000) })
    using full = makePair('dash', pair, 'trap "" XFSZ; ulimit -f 100')
    await expect(full.sync()).rejects.toMatchObject({ code: 'E_SYNC_GUEST' })
    expect([read(pair.to, 'f'), read(pair.to, 'g')]).toEqual(['old', 'old'])
    await pair.sync()
    expect(pair.differences()).toBe('')
  })

  test('that says of a path what no file system does', async () => {
    using pair = makePair(
      'bare',
      {},
      `stat() { [ "$3" = . ] && [ "$2" != "\${2#*//}" ] || { command stat "$@"; return; }
echo "./../../etc/x//81a4 1 1 1 2026-01-01 00:00:00.000000000 +0000|2026-01-01 00:00:00.000000000 +0000"; }`,
    )
    await expect(pair.sync()).rejects.toMatchObject({
      code: 'E_SYNC_GUEST',
      value: expect.stringContaining('etc/x'),
    })
    expect(readdirSync(pair.from)).toEqual([])
  })
})

test('the trash keeps what is neither too old nor too much', async () => {
  using pair = await synced({ f: 'x'.repeat(20_000), 'ü\n/g': '1' })
  for (const fill of ['a', 'b', 'c']) {
    write(pair.from, { f: fill.repeat(20_000), 'ü\n/g': fill })
    await pair.sync()
  }
  const kept = () => pair.trash().filter((name) => name === 'guest f').length
  expect(kept()).toBe(3)
  await sweepTrash(pair.stateDir, { age: 3_600_000, bytes: 70_000 })
  expect(kept()).toBe(2)
  await sweepTrash(pair.stateDir, { age: 3_600_000, bytes: 0 })
  expect(kept()).toBe(1)
  await sweepTrash(pair.stateDir, { age: -1000, bytes: 70_000 })
  expect(pair.trash()).toEqual([])
})

test('two processes: the second is refused', async () => {
  using pair = await synced({ a: '1' })
  const both = await Promise.allSettled([pair.sync(), pair.sync()])
  const refused = both.filter((one) => one.status === 'rejected')
  expect(refused.length).toBeLessThan(2)
  for (const one of refused) expect(one.reason).toMatchObject({ code: 'E_SYNC_BUSY' })
})

test('while a folder is made equal its status says so', { timeout: 60_000 }, async () => {
  using pair = makePair('dash')
  const files = Array.from({ length: 2000 }, (_, count) => [`d${count % 50}/${count}`, 'x'.repeat(count)])
  write(pair.from, Object.fromEntries(files))
  const states = new Set<string>()
  let isOver = false
  const syncing = pair.sync().finally(() => {
    isOver = true
  })
  while (!isOver) {
    states.add((await readSyncStatus(pair.stateDir)).state)
    await sleep(5)
  }
  await syncing
  expect([...states]).toContain('syncing')
  expect(await readSyncStatus(pair.stateDir)).toMatchObject({ state: 'stopped', behind: 0, bytes: 0 })
})
