import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { workName } from '../../../src/lib/process/work-folder.ts'
import { connect, download, type SshSession, upload } from '../../../src/ssh/index.ts'
import { deadWork } from '../../helpers/dead-work-name.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// The whole file takes some 10 s.

let server: TestServer
let session: SshSession
let here: string
let there: string

beforeAll(async () => {
  server = await startSshd()
})
afterAll(() => server?.stop())
beforeEach(async () => {
  session = await connect(server.target)
  here = await mkdtemp(join(tmpdir(), 'posada here-'))
  there = await mkdtemp(join(tmpdir(), 'posada there-'))
})
afterEach(async () => {
  await session?.close()
  await rm(here, { recursive: true, force: true })
  await rm(there, { recursive: true, force: true })
})

const both = [
  { name: 'upload', copy: upload },
  { name: 'download', copy: download },
] as const

async function makeTree(dir: string): Promise<void> {
  await mkdir(join(dir, 'sub', 'deeper ä'), { recursive: true })
  await mkdir(join(dir, 'closed'))
  await writeFile(join(dir, 'sub', 'deeper ä', `it's "a" file`), 'one')
  await writeFile(join(dir, 'run'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(dir, 'empty'), '')
  await writeFile(join(dir, 'closed', 'file'), 'x')
  await symlink('sub/deeper ä', join(dir, 'link'))
  await chmod(join(dir, 'closed'), 0o500)
}

describe.each(both)('$name', ({ copy }) => {
  test('a file: content, mode, time, progress', async () => {
    const data = randomBytes(5_000_001)
    await writeFile(join(here, 'a'), data, { mode: 0o751 })
    await utimes(join(here, 'a'), 1_000_000_000, 1_000_000_000)
    const seen: [number, number | undefined][] = []
    const result = await copy(session, {
      from: join(here, 'a'),
      to: join(there, 'b'),
      onProgress: (bytes, total) => seen.push([bytes, total]),
    })
    expect(result).toEqual({ files: 1, bytes: data.length, skipped: [] })
    expect((await readFile(join(there, 'b'))).equals(data)).toBe(true)
    const { mode, mtimeMs } = await stat(join(there, 'b'))
    expect([mode & 0o7777, mtimeMs]).toEqual([0o751, 1_000_000_000_000])
    expect(seen.at(-1)).toEqual([data.length, data.length])
    expect(await readdir(there)).toEqual(['b'])
  })

  test('into a folder that is there, over a file that is there', async () => {
    await writeFile(join(here, 'a'), 'new')
    await writeFile(join(there, 'a'), 'old')
    await copy(session, { from: join(here, 'a'), to: there })
    expect(await readFile(join(there, 'a'), 'utf8')).toBe('new')
  })

  test('a folder, twice', async () => {
    const source = join(here, 'tree')
    await mkdir(source)
    await makeTree(source)
    for (const to of [join(there, 'made'), there]) {
      const result = await copy(session, { from: source, to: to })
      expect(result).toMatchObject({ files: 4, skipped: [] })
    }
    for (const made of [join(there, 'made'), join(there, 'tree')]) {
      expect((await readdir(made)).sort()).toEqual(['closed', 'empty', 'link', 'run', 'sub'])
      expect(await readFile(join(made, 'sub', 'deeper ä', `it's "a" file`), 'utf8')).toBe('one')
      expect((await stat(join(made, 'run'))).mode & 0o777).toBe(0o755)
      expect((await stat(join(made, 'closed'))).mode & 0o777).toBe(0o500)
      expect(await readlink(join(made, 'link'))).toBe('sub/deeper ä')
    }
    await copy(session, { from: source, to: there })
  })

  test('many small files', async () => {
    await mkdir(join(here, 'many'))
    for (let i = 0; i < 300; i++) await writeFile(join(here, 'many', `${i}`), `${i}`)
    expect(await copy(session, { from: join(here, 'many'), to: there })).toMatchObject({ files: 300 })
    expect(await readFile(join(there, 'many', '299'), 'utf8')).toBe('299')
  })

  test('what is missing is named', async () => {
    const work = copy(session, { from: join(here, 'none'), to: there })
    await expect(work).rejects.toMatchObject({
      code: 'E_COPY',
      message: expect.stringContaining('does not exist'),
    })
    await writeFile(join(here, 'a'), '')
    const into = copy(session, { from: join(here, 'a'), to: join(there, 'none', 'b') })
    await expect(into).rejects.toMatchObject({ code: 'E_COPY', value: expect.stringContaining('none') })
    await expect(copy(session, { from: join(here, 'a'), to: `${join(there, 'x')}/` })).rejects.toMatchObject({
      code: 'E_COPY',
    })
    expect(await readdir(there)).toEqual([])
  })

  test.runIf(process.getuid?.() === 0)('a full disk is named, and nothing half is left', async () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', there]).status).toBe(0)
    try {
      await writeFile(join(there, 'a'), 'old')
      await writeFile(join(here, 'a'), Buffer.alloc(1_000_000))
      const work = copy(session, { from: join(here, 'a'), to: there })
      await expect(work).rejects.toMatchObject({
        code: 'E_COPY',
        message: expect.stringContaining('the disk is full'),
      })
      expect(await readdir(there)).toEqual(['a'])
      expect(await readFile(join(there, 'a'), 'utf8')).toBe('old')
    } finally {
      spawnSync('umount', [there])
    }
  })

  test('an interruption leaves nothing half', async () => {
    await writeFile(join(here, 'a'), '')
    await truncate(join(here, 'a'), 200_000_000)
    const control = new AbortController()
    const work = copy(session, {
      from: join(here, 'a'),
      to: there,
      signal: control.signal,
      onProgress: (bytes) => bytes > 1_000_000 && control.abort(new Error('enough')),
    })
    await expect(work).rejects.toThrow('enough')
    expect(await readdir(there)).toEqual([])
  })

  test('a connection that breaks off', async () => {
    await writeFile(join(here, 'a'), '')
    await truncate(join(here, 'a'), 200_000_000)
    const work = copy(session, {
      from: join(here, 'a'),
      to: join(there, 'b'),
      onProgress: (bytes) => bytes > 1_000_000 && session.client.destroy(),
    })
    await expect(work).rejects.toMatchObject({ code: 'E_SSH_LOST' })
    expect(await readdir(there)).not.toContain('b')
    await expect(copy(session, { from: join(here, 'a'), to: there })).rejects.toMatchObject({
      code: 'E_SSH_LOST',
    })
  })
})

describe('what a copy left that was cut short', () => {
  const hours = (count: number) => Date.now() / 1000 - count * 3600

  test('on the host goes with the next copy into that folder, if its process has ended', async () => {
    await mkdir(join(here, 'tree', 'sub'), { recursive: true })
    await mkdir(join(there, 'tree', 'sub'), { recursive: true })
    const mine = await workName({ prefix: '.posada-', suffix: '.tmp' })
    for (const folder of [there, join(there, 'tree'), join(there, 'tree', 'sub')])
      for (const name of [`.posada-${deadWork}.tmp`, mine, '.posada.tmp'])
        await writeFile(join(folder, name), '')
    await download(session, { from: join(here, 'tree'), to: there })
    expect((await readdir(there)).sort()).toEqual([mine, '.posada.tmp', 'tree'].sort())
    expect((await readdir(join(there, 'tree', 'sub'))).sort()).toEqual([mine, '.posada.tmp'].sort())
  })

  test('in the guest goes with the next copy into that folder, a day later', async () => {
    const [old, fresh] = ['0123456789abcdef', 'fedcba9876543210'].map((word) => `.posada-${word}.tmp`)
    const other = '.posada-notes.tmp'
    for (const name of [old, fresh, other]) await mkdir(join(there, name ?? ''))
    await writeFile(join(there, old ?? '', 'half'), '')
    for (const name of [old, other]) await utimes(join(there, name ?? ''), hours(49), hours(49))
    await utimes(join(there, fresh ?? ''), hours(23), hours(23))
    await writeFile(join(here, 'a'), 'a')
    await upload(session, { from: join(here, 'a'), to: there })
    expect((await readdir(there)).sort()).toEqual([fresh, other, 'a'].sort())
  })
})

describe('upload into what is there', () => {
  test('files of both stay, those of one name are replaced, and modes are those that come', async () => {
    await mkdir(join(here, 'tree', 'sub'), { recursive: true })
    await mkdir(join(here, 'tree', 'empty'), { mode: 0o750 })
    await writeFile(join(here, 'tree', 'a'), 'new')
    await writeFile(join(here, 'tree', '.hidden'), 'h')
    await writeFile(join(here, 'tree', 'sub', 'b'), 'b')
    await chmod(join(here, 'tree', 'sub'), 0o555)
    await mkdir(join(there, 'tree', 'sub'), { recursive: true, mode: 0o700 })
    await writeFile(join(there, 'tree', 'a'), 'old')
    await writeFile(join(there, 'tree', 'c'), 'c')
    await symlink('/nowhere', join(there, 'tree', '.hidden'))
    await upload(session, { from: join(here, 'tree'), to: there })
    expect((await readdir(join(there, 'tree'))).sort()).toEqual(['.hidden', 'a', 'c', 'empty', 'sub'])
    expect(await readFile(join(there, 'tree', 'a'), 'utf8')).toBe('new')
    expect(await readFile(join(there, 'tree', '.hidden'), 'utf8')).toBe('h')
    expect((await stat(join(there, 'tree', 'sub'))).mode & 0o777).toBe(0o555)
    expect((await stat(join(there, 'tree', 'empty'))).mode & 0o777).toBe(0o750)
  })

  test('a folder in the way of a file, and a file in the way of a folder, are named and stay', async () => {
    await mkdir(join(here, 'tree'))
    await writeFile(join(here, 'tree', 'a'), '')
    await mkdir(join(there, 'tree', 'a'), { recursive: true })
    await expect(upload(session, { from: join(here, 'tree'), to: there })).rejects.toMatchObject({
      code: 'E_COPY',
      message: expect.stringContaining('is a folder'),
    })
    await rm(join(there, 'tree'), { recursive: true })
    await writeFile(join(there, 'tree'), 'mine')
    await expect(upload(session, { from: join(here, 'tree'), to: there })).rejects.toMatchObject({
      message: expect.stringContaining('already exists and is not a folder'),
    })
    expect(await readdir(there)).toEqual(['tree'])
  })

  test('names are bytes, and hard links stay', async () => {
    await mkdir(join(here, 'tree'))
    const odd = Buffer.concat([Buffer.from(`${here}/tree/`), Buffer.of(0x66, 0xff, 0x0a, 0x2d)])
    await writeFile(odd, 'odd')
    await writeFile(join(here, 'tree', '-rf'), 'x')
    await link(join(here, 'tree', '-rf'), join(here, 'tree', 'same'))
    await upload(session, { from: join(here, 'tree'), to: join(there, '-to') })
    const names = (await readdir(join(there, '-to'), { encoding: 'buffer' })).map((name) =>
      name.toString('latin1'),
    )
    expect(names.sort()).toEqual(['-rf', 'f\xff\n-', 'same'])
    expect((await stat(join(there, '-to', 'same'))).nlink).toBe(2)
  })

  test('a folder that is called like what ends the archive', async () => {
    for (const name of ['bin', 'dist']) {
      await mkdir(join(here, name))
      await writeFile(join(here, name, 'file'), name)
      await upload(session, { from: join(here, name), to: there })
      expect(await readdir(join(there, name))).toEqual(['file'])
    }
    expect((await readdir(there)).sort()).toEqual(['bin', 'dist'])
  })

  test('a name that is not UTF-8 is found, and given', async () => {
    const odd = (folder: string, name: string) =>
      Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xfe), Buffer.from(name)])
    await mkdir(odd(here, 'in'))
    await writeFile(Buffer.concat([odd(here, 'in/'), Buffer.of(0xff)]), 'odd')
    await upload(session, { from: odd(here, 'in'), to: there })
    await upload(session, {
      from: Buffer.concat([odd(here, 'in/'), Buffer.of(0xff)]),
      to: odd(there, 'file'),
    })
    await upload(session, { from: odd(here, 'in'), to: odd(there, 'in') })
    expect(await readFile(odd(there, 'file'), 'utf8')).toBe('odd')
    await rm(here, { recursive: true })
    await mkdir(odd(here, 'back'), { recursive: true })
    await download(session, { from: odd(there, 'in'), to: odd(here, 'back') })
    await download(session, { from: odd(there, 'file'), to: odd(here, 'back') })
    await download(session, { from: odd(there, 'file'), to: odd(here, 'other') })
    const { stdout } = spawnSync('find', [here, '-mindepth', '1', '-printf', '%P\\n'], { encoding: 'latin1' })
    const tree = [
      'þback',
      'þback/þfile',
      'þback/þin',
      'þback/þin/þin',
      'þback/þin/þin/ÿ',
      'þback/þin/ÿ',
      'þother',
    ]
    expect(stdout.trimEnd().split('\n').sort()).toEqual(tree)
  })

  test('what this user may not read is named', async () => {
    await mkdir(join(here, 'tree'))
    await symlink('/nowhere', join(here, 'dangling'))
    await expect(upload(session, { from: join(here, 'dangling'), to: there })).rejects.toMatchObject({
      code: 'E_COPY',
    })
    expect(await readdir(there)).toEqual([])
  })
})

test('files of the kernel have no size and are copied all the same', async () => {
  await download(session, { from: '/proc/cpuinfo', to: there })
  expect(await readFile(join(there, 'cpuinfo'), 'utf8')).toContain('processor')
})

test('a host without tar is named', async () => {
  await writeFile(join(here, 'a'), 'x')
  vi.stubEnv('PATH', here)
  const work = upload(session, { from: join(here, 'a'), to: there })
  await expect(work).rejects.toMatchObject({
    code: 'E_COPY',
    message: expect.stringContaining('this host has no tar'),
  })
  vi.unstubAllEnvs()
  expect(await readdir(there)).toEqual([])
})

test('a device is not read', async () => {
  await expect(download(session, { from: '/dev/zero', to: there })).rejects.toMatchObject({ code: 'E_COPY' })
})

test('a device or a pipe of the host is not replaced by a file', async () => {
  const pipe = join(here, 'pipe')
  spawnSync('mkfifo', [pipe])
  await writeFile(join(there, 'file'), 'one')
  await expect(download(session, { from: join(there, 'file'), to: pipe })).rejects.toMatchObject({
    code: 'E_COPY',
    value: pipe,
  })
  expect((await lstat(pipe)).isFIFO()).toBe(true)
  expect(await readdir(here)).toEqual(['pipe'])
})

test('links that lead out of what is copied are left out, set-user-id bits dropped', async () => {
  const source = join(here, 'tree')
  await mkdir(join(source, 'sub'), { recursive: true })
  await symlink('/etc/passwd', join(source, 'absolute'))
  await symlink('../../elsewhere', join(source, 'sub', 'out'))
  await symlink('../fine', join(source, 'sub', 'in'))
  await writeFile(join(source, 'suid'), '', { mode: 0o755 })
  await chmod(join(source, 'suid'), 0o4755)
  const result = await download(session, { from: source, to: there })
  expect(result.skipped.sort()).toEqual([join(source, 'absolute'), join(source, 'sub', 'out')])
  expect(await readlink(join(there, 'tree', 'sub', 'in'))).toBe('../fine')
  expect((await stat(join(there, 'tree', 'suid'))).mode & 0o7777).toBe(0o755)
})

test('a link in the way of a folder is not written through', async () => {
  await mkdir(join(here, 'tree', 'sub'), { recursive: true })
  await writeFile(join(here, 'tree', 'sub', 'file'), 'x')
  await mkdir(join(there, 'tree'))
  await mkdir(join(there, 'outside'))
  await symlink('../outside', join(there, 'tree', 'sub'))
  await expect(download(session, { from: join(here, 'tree'), to: there })).rejects.toMatchObject({
    code: 'E_COPY',
  })
  expect(await readdir(join(there, 'outside'))).toEqual([])
  expect((await lstat(join(there, 'tree', 'sub'))).isSymbolicLink()).toBe(true)
})
