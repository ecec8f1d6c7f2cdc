import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureIdentity, readIdentity } from '../../../src/project/identity.ts'
import { machineId } from '../../../src/project/machine-identity.ts'
import { forgetInIndex, noteInIndex, readIndex } from '../../../src/project/user-index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { projectIn } from '../../helpers/own-paths.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-identity-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('a project’s identity', () => {
  it('is made once, with a folder that git ignores', async () => {
    const paths = projectIn(join(dir, 'shop'), dir)
    expect(await readIdentity(paths)).toBeNull()
    const made = await ensureIdentity(paths)
    expect(made.id).toMatch(/^[0-9a-f]{8}$/)
    expect(await ensureIdentity(paths)).toEqual(made)
    expect(await readFile(paths.gitignore, 'utf8')).toBe('*\n')
  })

  it('stays when the folder is moved', async () => {
    const made = await ensureIdentity(projectIn(join(dir, 'old'), dir))
    await rename(join(dir, 'old'), join(dir, 'new'))
    expect((await ensureIdentity(projectIn(join(dir, 'new'), dir))).id).toBe(made.id)
  })

  it('becomes another when the folder was copied', async () => {
    const made = await ensureIdentity(projectIn(join(dir, 'old'), dir))
    await cp(join(dir, 'old'), join(dir, 'copy'), { recursive: true })
    expect(await readIdentity(projectIn(join(dir, 'copy'), dir))).toBeNull()
    const copied = await ensureIdentity(projectIn(join(dir, 'copy'), dir))
    expect(copied.id).not.toBe(made.id)
    expect(await ensureIdentity(projectIn(join(dir, 'old'), dir))).toEqual(made)
  })

  it('stays when the folder is reached by another path', async () => {
    const made = await ensureIdentity(projectIn(join(dir, 'old'), dir))
    await symlink(join(dir, 'old'), join(dir, 'link'))
    expect((await ensureIdentity(projectIn(join(dir, 'link'), dir))).id).toBe(made.id)
    expect((await ensureIdentity(projectIn(join(dir, 'old'), dir))).id).toBe(made.id)
  })

  it('is the same for all who begin a project at once', async () => {
    const all = Array.from({ length: 8 }, () => ensureIdentity(projectIn(join(dir, 'shop'), dir)))
    expect(new Set((await Promise.all(all)).map(({ id }) => id)).size).toBe(1)
  })

  it.each([
    ['', 'E_STATE_CORRUPT'],
    ['{', 'E_STATE_CORRUPT'],
    ['[]', 'E_STATE_CORRUPT'],
    ['{"version":1}', 'E_STATE_FOREIGN'],
    ['{"version":1,"id":"../../etc","root":"/"}', 'E_STATE_FOREIGN'],
    ['{"version":1,"id":"0a1b2c3d","root":"/","seal":"0a1b2c3d"}', 'E_STATE_FOREIGN'],
  ])('is not guessed from a broken file, nor from another’s: %j', async (text, code) => {
    const paths = projectIn(dir)
    await ensureIdentity(paths)
    await writeFile(paths.project, text)
    await expect(ensureIdentity(paths)).rejects.toMatchObject({ code, value: paths.project })
  })

  it('of a newer Posada is refused as such', async () => {
    const paths = projectIn(dir)
    await ensureIdentity(paths)
    await writeFile(paths.project, '{"version":9}')
    await expect(readIdentity(paths)).rejects.toMatchObject({ code: 'E_STATE_VERSION' })
  })
})

describe('the index of projects', () => {
  const entry = (id: string, root: string) => ({ version: 1 as const, id, root, name: 'shop' })

  it('holds one file a project and passes over what makes no sense', async () => {
    expect(await readIndex(dir)).toEqual([])
    await noteInIndex(dir, entry('b', '/b'))
    await noteInIndex(dir, entry('a', '/a'))
    await noteInIndex(dir, entry('a', '/a'))
    await writeFile(join(dir, 'c.json'), '{"id":')
    await writeFile(join(dir, 'd.json'), '{"id":4}')
    expect((await readIndex(dir)).map(({ root }) => root)).toEqual(['/a', '/b'])
    await forgetInIndex(dir, 'a')
    await forgetInIndex(dir, 'a')
    expect((await readIndex(dir)).map(({ root }) => root)).toEqual(['/b'])
  })
})

describe('names on disk', () => {
  it('follow the XDG variables where they are absolute', () => {
    const env = {
      HOME: '/home/ana',
      XDG_DATA_HOME: '/data',
      XDG_STATE_HOME: 'relative',
      XDG_RUNTIME_DIR: '/run/user/7',
    }
    expect(userPaths(env)).toEqual({
      boxes: '/data/posada/boxes',
      layers: '/data/posada/layers',
      fetched: '/home/ana/.cache/posada/fetched',
      warm: '/home/ana/.cache/posada/warm',
      projects: '/home/ana/.local/state/posada/projects',
      cache: '/home/ana/.cache/posada',
      runtime: '/run/user/7/posada',
      runtimes: expect.arrayContaining(['/run/user/7/posada']),
      key: '/home/ana/.local/state/posada/key',
      sync: '/home/ana/.local/state/posada/sync',
      trusted: '/home/ana/.local/state/posada/trusted',
      hosts: '/home/ana/.local/state/posada/hosts',
      hosted: '/data/posada/hosted',
      runs: '/home/ana/.local/state/posada/runs',
      events: '/home/ana/.local/state/posada/events',
    })
  })

  it.each(['', 'relative'])('never lie in the working folder: HOME=%j', (home) => {
    const { boxes } = userPaths({ HOME: home })
    expect(boxes).toBe(join(userInfo().homedir, '.local/share/posada/boxes'))
  })

  it('give a machine the same short id every time, and another in another project', () => {
    expect(machineId('0a1b2c3d', 'web')).toMatch(/^[0-9a-f]{8}$/)
    expect(machineId('0a1b2c3d', 'web')).toBe(machineId('0a1b2c3d', 'web'))
    expect(machineId('0a1b2c3d', 'web')).not.toBe(machineId('ffffffff', 'web'))
  })
})
