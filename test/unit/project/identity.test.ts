import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureIdentity, readIdentity } from '../../../src/project/identity.ts'
import { machineId } from '../../../src/project/machine-identity.ts'
import { projectPaths, userPaths } from '../../../src/project/paths.ts'
import { forgetInIndex, noteInIndex, readIndex } from '../../../src/project/user-index.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-identity-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('a project’s identity', () => {
  it('is made once, with a folder that git ignores', async () => {
    const paths = projectPaths(join(dir, 'shop'))
    expect(await readIdentity(paths)).toBeNull()
    const made = await ensureIdentity(paths)
    expect(made.id).toMatch(/^[0-9a-f]{8}$/)
    expect(await ensureIdentity(paths)).toEqual(made)
    expect(await readFile(paths.gitignore, 'utf8')).toBe('*\n')
  })

  it('stays when the folder is moved', async () => {
    const made = await ensureIdentity(projectPaths(join(dir, 'old')))
    await rename(join(dir, 'old'), join(dir, 'new'))
    expect((await ensureIdentity(projectPaths(join(dir, 'new')))).id).toBe(made.id)
  })

  it('becomes another when the folder was copied', async () => {
    const made = await ensureIdentity(projectPaths(join(dir, 'old')))
    await cp(join(dir, 'old'), join(dir, 'copy'), { recursive: true })
    expect(await readIdentity(projectPaths(join(dir, 'copy')))).toBeNull()
    const copied = await ensureIdentity(projectPaths(join(dir, 'copy')))
    expect(copied.id).not.toBe(made.id)
    expect(await ensureIdentity(projectPaths(join(dir, 'old')))).toEqual(made)
  })

  it('stays when the folder is reached by another path', async () => {
    const made = await ensureIdentity(projectPaths(join(dir, 'old')))
    await symlink(join(dir, 'old'), join(dir, 'link'))
    expect((await ensureIdentity(projectPaths(join(dir, 'link')))).id).toBe(made.id)
    expect((await ensureIdentity(projectPaths(join(dir, 'old')))).id).toBe(made.id)
  })

  it('is the same for all who begin a project at once', async () => {
    const all = Array.from({ length: 8 }, () => ensureIdentity(projectPaths(join(dir, 'shop'))))
    expect(new Set((await Promise.all(all)).map(({ id }) => id)).size).toBe(1)
  })

  it.each(['', '{', '[]', '{"version":1}', '{"version":1,"id":"../../etc","root":"/"}'])(
    'is not guessed from a broken file: %j',
    async (text) => {
      const paths = projectPaths(dir)
      await ensureIdentity(paths)
      await writeFile(paths.project, text)
      await expect(ensureIdentity(paths)).rejects.toMatchObject({
        code: 'E_STATE_CORRUPT',
        value: paths.project,
      })
    },
  )

  it('of a newer Posada is refused as such', async () => {
    const paths = projectPaths(dir)
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
      fetched: '/home/ana/.cache/posada/fetched',
      projects: '/home/ana/.local/state/posada/projects',
      cache: '/home/ana/.cache/posada',
      runtime: '/run/user/7/posada',
    })
  })

  it('give a machine the same short id every time, and another in another project', () => {
    expect(machineId('0a1b2c3d', 'web')).toMatch(/^[0-9a-f]{8}$/)
    expect(machineId('0a1b2c3d', 'web')).toBe(machineId('0a1b2c3d', 'web'))
    expect(machineId('0a1b2c3d', 'web')).not.toBe(machineId('ffffffff', 'web'))
  })
})
