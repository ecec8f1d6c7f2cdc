import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { makePair } from '../../helpers/sync-pair.ts'

vi.setConfig({ testTimeout: 120_000 })
const work = mkdtempSync(join(tmpdir(), 'posada-places-'))
const mounted: string[] = []
afterAll(() => {
  for (const folder of mounted) spawnSync('umount', [folder])
  rmSync(work, { recursive: true, force: true })
})

/** Null where this user or this kernel cannot. */
function mount(name: string, ...words: string[]): string | null {
  const folder = join(work, name)
  mkdirSync(folder)
  if (spawnSync('mount', [...words, folder]).status !== 0) return null
  mounted.push(folder)
  return folder
}

/** A folder of exFAT, in which `A` and `a` are one name; null where this host cannot mount one. */
function insensitive(): string | null {
  const folder = join(work, 'folded')
  const image = join(work, 'image')
  mkdirSync(folder)
  writeFileSync(image, '')
  truncateSync(image, 16 * 2 ** 20)
  if (spawnSync('mkfs.exfat', [image]).status !== 0) return null
  const { status, stdout } = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' })
  if (status !== 0) return null
  const device = stdout.trim()
  const isMounted = spawnSync('mount.exfat-fuse', [device, folder]).status === 0
  // Once it is mounted, the device goes with the mount.
  spawnSync('losetup', ['--detach', device])
  if (!isMounted) return null
  mounted.push(folder)
  return folder
}

const folded = insensitive()
const small = mount('small', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
const read = (...parts: string[]) => readFileSync(join(...parts), 'utf8')

test.skipIf(folded === null)(
  'names that differ in case only: one is carried, the other is told and stays',
  async () => {
    const from = join(folded ?? '', 'host')
    using pair = makePair('dash', { from })
    await pair.sync()
    writeFileSync(join(pair.to, 'Read me'), 'one')
    writeFileSync(join(pair.to, 'READ ME'), 'two')
    const { skipped } = await pair.sync()
    expect(skipped).toMatchObject([{ why: expect.stringContaining('differs in case') }])
    expect(readdirSync(from)).toHaveLength(1)
    expect([read(pair.to, 'Read me'), read(pair.to, 'READ ME')]).toEqual(['one', 'two'])
    await pair.sync()
    expect([read(pair.to, 'Read me'), read(pair.to, 'READ ME')]).toEqual(['one', 'two'])
  },
)

test.skipIf(folded === null)(
  'where the host has no permissions, the guest gets those that it shows, and both are at rest then',
  async () => {
    const from = join(folded ?? '', 'without modes')
    using pair = makePair('dash', { from })
    await pair.sync()
    for (const [name, mode] of [
      ['run', 0o755],
      ['secret', 0o600],
    ] as const)
      writeFileSync(join(pair.to, name), name, { mode })
    await pair.sync()
    await pair.sync()
    const modes = (root: string) => ['run', 'secret'].map((name) => statSync(join(root, name)).mode)
    expect(modes(pair.to)).toEqual(modes(from))
    expect(await pair.sync()).toMatchObject({ toGuest: { written: 0 }, toHost: { written: 0 }, conflicts: 0 })
    writeFileSync(join(from, 'run'), 'changed')
    await pair.sync()
    expect(pair.differences()).toBe('')
  },
)

describe.skipIf(small === null)('a host whose disk is full', () => {
  test('keeps what it had, and gets the rest when there is room', async () => {
    const from = join(small ?? '', 'host')
    using pair = makePair('dash', { from })
    writeFileSync(join(from, 'f'), 'old')
    await pair.sync()
    writeFileSync(join(small ?? '', 'filler'), Buffer.alloc(900_000))
    writeFileSync(join(pair.to, 'f'), 'x'.repeat(400_000))
    writeFileSync(join(pair.to, 'g'), 'new')
    await expect(pair.sync()).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(read(from, 'f')).toBe('old')
    rmSync(join(small ?? '', 'filler'))
    await pair.sync()
    expect(pair.differences()).toBe('')
    expect(pair.trash()).toContain('host f')
  })
})

test('a file that grows while it is carried arrives as it is in the end', async () => {
  using pair = makePair('dash')
  const log = join(pair.from, 'log')
  writeFileSync(log, 'x'.repeat(3_000_000))
  const writes = setInterval(() => appendFileSync(log, 'y'.repeat(10_000)), 1)
  try {
    await pair.sync()
  } finally {
    clearInterval(writes)
  }
  await pair.sync()
  expect(read(pair.to, 'log').length).toBe(read(log).length)
  expect(pair.differences()).toBe('')
  expect(read(pair.from, 'log').startsWith('x')).toBe(true)
})

describe('clocks', () => {
  const day = 24 * 3600_000
  test.each([
    ['back', -400 * day],
    ['ahead', 400 * day],
  ])("the host's steps %s: what changed is carried, and nothing else", async (_, step) => {
    using pair = makePair('dash')
    writeFileSync(join(pair.from, 'f'), 'one')
    writeFileSync(join(pair.from, 'still'), '')
    await pair.sync()
    const now = Date.now()
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now + step)
    try {
      expect(await pair.sync()).toMatchObject({ toGuest: { written: 0 }, toHost: { written: 0 } })
      writeFileSync(join(pair.from, 'f'), 'two')
      expect(await pair.sync()).toMatchObject({ toGuest: { written: 1 }, conflicts: 0 })
      writeFileSync(join(pair.to, 'f'), 'six')
      expect(await pair.sync()).toMatchObject({ toHost: { written: 1 }, conflicts: 0 })
    } finally {
      clock.mockRestore()
    }
    expect(await pair.sync()).toMatchObject({ toGuest: { written: 0 }, toHost: { written: 0 }, conflicts: 0 })
    expect(read(pair.from, 'f')).toBe('six')
    expect(pair.differences()).toBe('')
  })

  test.each(['-400 days', '+400 days'])("the guest's differs by %s", async (by) => {
    const guest = `date() { command date -d "${by}" "$@"; }`
    using pair = makePair('bare', {}, guest)
    writeFileSync(join(pair.from, 'f'), 'one')
    await pair.sync()
    writeFileSync(join(pair.to, 'f'), 'two')
    expect(await pair.sync()).toMatchObject({ toHost: { written: 1 }, conflicts: 0 })
    writeFileSync(join(pair.to, 'f'), 'six')
    expect(await pair.sync()).toMatchObject({ toHost: { written: 1 }, conflicts: 0 })
    expect(read(pair.from, 'f')).toBe('six')
  })
})

test('a project that was moved has nothing in common: what differs by then is a conflict', async () => {
  using pair = makePair('dash')
  for (const name of ['same', 'changed', 'gone']) writeFileSync(join(pair.from, name), name)
  await pair.sync()
  const moved = { ...pair, from: `${pair.from} moved`, stateDir: `${pair.stateDir}-moved` }
  renameSync(pair.from, moved.from)
  writeFileSync(join(moved.from, 'changed'), 'on the host')
  rmSync(join(moved.from, 'gone'))
  using after = makePair('dash', moved)
  expect(await after.sync()).toMatchObject({ conflicts: 1, toGuest: { removed: 0 }, toHost: { removed: 0 } })
  expect([read(after.from, 'changed'), read(after.to, 'changed')]).toEqual(['on the host', 'changed'])
  expect(readdirSync(after.from).sort()).toEqual(['changed', 'gone', 'same'])
})

// `npm run test:sync` has ten thousand.
const count = process.env.EDITS === undefined ? 1000 : 10_000

test(`${count} changes at once, on both sides`, async () => {
  using pair = makePair('dash')
  for (const [root, name] of [
    [pair.from, 'h'],
    [pair.to, 'g'],
  ] as const)
    for (let folder = 0; folder < count / 200; folder++) {
      const path = join(root, `${name}${folder}`)
      mkdirSync(path, { recursive: true })
      for (let file = 0; file < 100; file++) writeFileSync(join(path, `f${file}`), `${file}`)
    }
  const { toGuest, toHost, conflicts } = await pair.sync()
  const all = count / 2 + count / 200
  expect([toGuest.written, toHost.written, conflicts]).toEqual([all, all, 0])
  expect(pair.differences()).toBe('')
})
