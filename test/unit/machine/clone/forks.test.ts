import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFork, forksOf, sweepForks } from '../../../../src/machine/clone/forks.ts'
import { freeNames } from '../../../../src/machine/fork.ts'
import { forkAt, projectPaths } from '../../../../src/project/index.ts'

describe('forks of a project', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'posada-forks-'))
    for (const name of ['review', 'half', '.tmp'])
      await mkdir(join(root, '.posada/forks', name), { recursive: true })
    await writeFile(join(root, '.posada/forks/review/fork.json'), '{}')
  })
  afterEach(() => rm(root, { recursive: true }))
  const paths = () => projectPaths(root, { key: '', runtimes: [] })

  it('are those that are whole; the rest is taken away', async () => {
    expect(await forksOf(paths())).toEqual(['review'])
    const fork = await findFork(paths(), 'review')
    expect(forkAt(fork)).toEqual({ of: root, name: 'review' })
    expect(projectPaths(fork, paths().user).forks).toBe(paths().forks)
    expect(forkAt(root)).toBeNull()
    await expect(findFork(paths(), 'revie')).rejects.toMatchObject({
      code: 'E_FORK_UNKNOWN',
      hint: 'did you mean review?',
    })
    for (const name of ['half', '../review'])
      await expect(findFork(paths(), name)).rejects.toMatchObject({ code: 'E_FORK_UNKNOWN' })
    await sweepForks(paths())
    expect(await readdir(paths().forks)).toEqual(['review'])
  })
})

it('names of new forks are the one that is asked for, or the first that are free', () => {
  expect(freeNames(['review'], { name: 'other', count: 1 })).toEqual(['other'])
  expect(freeNames([], { name: 'a', count: 2 })).toEqual(['a-1', 'a-2'])
  expect(freeNames(['fork-1', 'fork-3'], { count: 2 })).toEqual(['fork-2', 'fork-4'])
  expect(() => freeNames(['a-2'], { name: 'a', count: 3 })).toThrow(
    expect.objectContaining({ code: 'E_COPY_EXISTS' }),
  )
})
