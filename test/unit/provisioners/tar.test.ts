import { spawnSync } from 'node:child_process'
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FileStep } from '../../../src/manifest/index.ts'
import { readSource } from '../../../src/provisioners/file/source.ts'
import { writeTar } from '../../../src/provisioners/file/tar.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-tar-'))
  await mkdir(join(dir, 'in'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function step(mode: string | null = null): FileStep {
  const place = { file: '/p/posada.yaml', line: 1, column: 1 }
  const common = {
    name: 'f',
    run: 'changed',
    retries: 0,
    reboot: false,
    timeout: null,
    place,
    owner: null,
    group: null,
  } as const
  return { kind: 'file', ...common, source: { path: join(dir, 'in') }, to: '/srv', mode }
}

async function archive(mode: string | null = null): Promise<Buffer> {
  const source = await readSource(step(mode))
  if (source.kind !== 'folder') throw new Error('not a folder')
  const parts: Buffer[] = []
  for await (const part of writeTar(step(mode), source.entries)) parts.push(part)
  return Buffer.concat(parts)
}

test('a real tar unpacks names, links, modes, times and contents, however long', async () => {
  const long = 'd'.repeat(90)
  await mkdir(join(dir, 'in', long, long), { recursive: true })
  const sizes = [0, 1, 511, 512, 513, 300_000]
  for (const size of sizes) await writeFile(join(dir, 'in', long, long, `ü ${size}`), 'x'.repeat(size))
  await writeFile(join(dir, 'in', 'run'), '', { mode: 0o750 })
  await symlink('t'.repeat(150), join(dir, 'in', 'link'))
  await mkdir(join(dir, 'out'))
  const result = spawnSync('tar', ['-x', '-p', '-f', '-', '-C', join(dir, 'out')], { input: await archive() })
  expect(result.stderr.toString()).toBe('')
  for (const size of sizes) {
    const path = join(long, long, `ü ${size}`)
    expect((await readFile(join(dir, 'out', path))).length).toBe(size)
    const [was, is] = await Promise.all([lstat(join(dir, 'in', path)), lstat(join(dir, 'out', path))])
    expect(Math.floor(is.mtimeMs / 1000)).toBe(Math.floor(was.mtimeMs / 1000))
  }
  expect((await stat(join(dir, 'out', 'run'))).mode & 0o777).toBe(0o750)
  expect(await readlink(join(dir, 'out', 'link'))).toBe('t'.repeat(150))
  expect((await stat(join(dir, 'out', '.posada-end'))).size).toBe(0)
})

test('a given mode is that of the files; folders can be entered by whoever may read them', async () => {
  await mkdir(join(dir, 'in', 'sub'))
  await writeFile(join(dir, 'in', 'sub', 'a'), '', { mode: 0o777 })
  const source = await readSource(step('0640'))
  if (source.kind !== 'folder') throw new Error('not a folder')
  expect(source.entries.map(({ name, mode }) => [name, mode])).toEqual([
    ['.', 0o750],
    ['sub', 0o750],
    ['sub/a', 0o640],
  ])
})

test.each(['tar', 'busybox tar'])(
  'names that are not UTF-8 are those bytes, and every mode is kept: %s',
  async (program) => {
    const bytes = (...parts: (string | number)[]) =>
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))
    const inside = (...parts: (string | number)[]) => bytes(`${dir}/in/`, ...parts)
    await mkdir(inside('d', 0xff))
    await writeFile(inside('d', 0xff, '/ä', 0xfe), 'content')
    await symlink(bytes('to', 0xfd), inside('link', 0xfc))
    await writeFile(inside('none'), '', { mode: 0 })
    await writeFile(inside('setid'), '')
    await chmod(inside('setid'), 0o6750)
    await chmod(inside('d', 0xff), 0o1777)
    await mkdir(join(dir, 'out'))
    const [tar = '', ...applet] = program.split(' ')
    const result = spawnSync(tar, [...applet, '-x', '-p', '-f', '-', '-C', join(dir, 'out')], {
      input: await archive(),
      env: { ...process.env, LC_ALL: 'C' },
    })
    expect(result.stderr.toString()).toBe('')
    const out = (...parts: (string | number)[]) => bytes(`${dir}/out/`, ...parts)
    expect(await readFile(out('d', 0xff, '/ä', 0xfe), 'utf8')).toBe('content')
    expect(await readlink(out('link', 0xfc), { encoding: 'buffer' })).toEqual(bytes('to', 0xfd))
    expect((await stat(out('none'))).mode & 0o7777).toBe(0)
    expect((await stat(out('setid'))).mode & 0o7777).toBe(0o6750)
    expect((await stat(out('d', 0xff))).mode & 0o7777).toBe(0o1777)
  },
)

test('a file that shrinks while it is read is told', async () => {
  const path = join(dir, 'in', 'a')
  await writeFile(path, 'x'.repeat(1000))
  const source = await readSource(step())
  if (source.kind !== 'folder') throw new Error('not a folder')
  await writeFile(path, 'x')
  const read = async () => {
    for await (const _ of writeTar(step(), source.entries));
  }
  await expect(read()).rejects.toMatchObject({ code: 'E_PROVISION_SOURCE', value: path })
})

test('what is neither file nor folder is refused', async () => {
  spawnSync('mkfifo', [join(dir, 'in', 'pipe')])
  await expect(readSource(step())).rejects.toMatchObject({ code: 'E_PROVISION_SOURCE' })
  await expect(readSource({ ...step(), source: { path: join(dir, 'none') } })).rejects.toMatchObject({
    code: 'E_PROVISION_SOURCE',
    message: expect.stringContaining('does not exist'),
  })
})

test('an archive that is not read to its end is given up, and times that tar has no room for are cut', async () => {
  await writeFile(join(dir, 'in', 'big'), 'x'.repeat(5_000_000))
  await utimes(join(dir, 'in', 'big'), 4e9, 4e9)
  await writeFile(join(dir, 'in', 'old'), '')
  spawnSync('touch', ['-d', '1960-01-01', join(dir, 'in', 'old')])
  const source = await readSource(step())
  if (source.kind !== 'folder') throw new Error('not a folder')
  for await (const _ of writeTar(step(), source.entries)) break
  const listed = spawnSync('tar', ['-t', '-v', '--utc', '-f', '-'], { input: await archive() })
  expect(listed.stdout.toString()).toMatch(/2038-01-19 03:14 big\n.* 1970-01-01 00:00 old\n/)
})
