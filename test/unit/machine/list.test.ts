import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listProjects } from '../../../src/machine/list.ts'
import { noteInIndex } from '../../../src/project/user-index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-list-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it('a project whose folder is no longer a folder hides none of the others', async () => {
  const user = userPaths({ HOME: dir })
  const note = (id: string, root: string) => noteInIndex(user.projects, { version: 1, id, root, name: id })
  await writeFile(join(dir, 'file'), '')
  await note('file', join(dir, 'file'))
  await note('gone', join(dir, 'gone'))
  await note('long', join(dir, 'x'.repeat(300)))
  const providers = () => {
    throw new Error('no machine, no provider')
  }
  const { signal } = new AbortController()
  const source = { get: providers, choose: providers, builtIn: providers }
  const found = await listProjects({ user, providersFor: () => source, signal })
  expect(found.map(({ name, machines, problem }) => [name, machines, problem])).toEqual([
    ['file', [], undefined],
    ['gone', null, 'the folder is gone'],
    ['long', null, expect.stringContaining('too long')],
  ])
})
