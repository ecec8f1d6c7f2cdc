import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { chown, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ensureIdentity } from '../../../src/project/identity.ts'
import { withLock } from '../../../src/project/lock.ts'
import { readLockfile } from '../../../src/project/lockfile/read.ts'
import { checkOwnTree } from '../../../src/project/own-tree.ts'
import { ensureKey, readKey } from '../../../src/project/user-key.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { deadWork } from '../../helpers/dead-work-name.ts'
import { projectIn } from '../../helpers/own-paths.ts'

const foreign = expect.objectContaining({ code: 'E_STATE_FOREIGN' })

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const paths = projectIn(join(folder, 'shop'), folder)
  mkdirSync(paths.machine('web').data, { recursive: true })
  const victim = join(folder, 'victim')
  mkdirSync(victim)
  writeFileSync(join(victim, 'file'), 'precious')
  return { folder, paths, victim, file: join(victim, 'file') }
}

it('what Posada made has no links and belongs to this user', async () => {
  const { paths } = await setUp()
  await ensureIdentity(paths)
  expect(() => checkOwnTree(paths)).not.toThrow()
  rmSync(paths.dir, { recursive: true })
  expect(() => checkOwnTree(paths)).not.toThrow()
})

it.each<[string, (paths: Awaited<ReturnType<typeof setUp>>['paths']) => string]>([
  ['.posada', ({ dir }) => dir],
  ['machines', ({ machines }) => machines],
  ['a machine', ({ machine }) => machine('web').dir],
  ['a lock', ({ machine }) => machine('web').lock],
  ['a state', ({ machine }) => machine('web').state],
  ['its data', ({ machine }) => machine('web').data],
  ['a disk', ({ machine }) => machine('web').disk('root')],
  ['the networks', ({ networks }) => networks.dir],
])('a link in the place of %s is refused', async (_, placeOf) => {
  const { paths, victim } = await setUp()
  const place = placeOf(paths)
  rmSync(place, { recursive: true, force: true })
  symlinkSync(victim, place)
  expect(() => checkOwnTree(paths)).toThrow(foreign)
})

it('so is what is neither a file nor a folder, and what belongs to another user', async () => {
  const { paths } = await setUp()
  execFileSync('mkfifo', [paths.machine('web').state])
  expect(() => checkOwnTree(paths)).toThrow(foreign)
  rmSync(paths.machine('web').state)
  if (process.getuid?.() !== 0) return
  await chown(paths.machine('web').data, 12345, 12345)
  expect(() => checkOwnTree(paths)).toThrow(foreign)
})

it('a lock is not taken through a link, nor written into another file', async () => {
  const { paths, file } = await setUp()
  const { lock } = paths.machine('web')
  const take = () => withLock(lock, { command: 'posada up', wait: 0 }, async () => 'taken')
  for (const make of [symlinkSync, linkSync]) {
    make(file, lock)
    await expect(take()).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: lock })
    rmSync(lock)
  }
  expect(readFileSync(file, 'utf8')).toBe('precious')
  expect(await take()).toBe('taken')
})

it('.posada is made for its owner only, also where it was there before', async () => {
  const { paths } = await setUp()
  expect((await stat(paths.dir)).mode & 0o777).not.toBe(0o700)
  await ensureIdentity(paths)
  expect((await stat(paths.dir)).mode & 0o777).toBe(0o700)
})

it('posada.lock is not read through a link', async () => {
  const { folder, file } = await setUp()
  const path = join(folder, 'posada.lock')
  await symlink(file, path)
  await expect(readLockfile(path)).rejects.toMatchObject({ code: 'E_LOCKFILE', value: path })
})

it('the key is one for all who make it at once, and only its owner’s', async () => {
  const { paths } = await setUp()
  const { key } = paths.user
  expect(await readKey(key)).toBeNull()
  const all = await Promise.all(Array.from({ length: 8 }, () => ensureKey(key)))
  expect(new Set(all.map((each) => each.toString('hex'))).size).toBe(1)
  expect((await stat(key)).mode & 0o777).toBe(0o600)
  execFileSync('chmod', ['644', key])
  await expect(readKey(key)).rejects.toMatchObject({ code: 'E_NO_PERMISSION' })
  rmSync(key)
  writeFileSync(key, 'short', { mode: 0o600 })
  writeFileSync(`${key}.${deadWork}.new`, '', { mode: 0o600 })
  expect((await ensureKey(key)).length).toBe(32)
  expect(readdirSync(dirname(key))).toEqual([basename(key)])
})
