import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTextIfThere, writeFileAtomic } from '../../../../src/lib/files/write-file.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-write-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

describe('writeFileAtomic', () => {
  it('makes missing folders, sets the mode and leaves nothing else', async () => {
    const path = join(dir, 'a', 'b', 'file')
    await writeFileAtomic(path, 'text', { mode: 0o600 })
    expect(await readFile(path, 'utf8')).toBe('text')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(dir, 'a', 'b'))).toEqual(['file'])
  })

  it('keeps the old file and removes its own when it cannot finish', async () => {
    const target = join(dir, 'folder')
    await writeFileAtomic(join(target, 'inside'), 'x')
    await expect(writeFileAtomic(target, 'text')).rejects.toMatchObject({ code: 'EISDIR' })
    expect(await readdir(dir)).toEqual(['folder'])
  })

  it('replaces, never writes into, a file that others have open', async () => {
    const path = join(dir, 'file')
    await writeFile(path, 'old')
    await chmod(path, 0o444)
    const before = await stat(path)
    await writeFileAtomic(path, 'new')
    expect((await stat(path)).ino).not.toBe(before.ino)
    expect(await readTextIfThere(path)).toBe('new')
  })

  it('removes what writes of the file left that were killed, and nothing of others', async () => {
    const path = join(dir, 'file')
    const dead = '999999999-01234567.tmp'
    const ofThis = `file.${process.pid}-01234567.tmp`
    const kept = ['file.1.tmp', 'file.txt', `other.${dead}`, ofThis]
    for (const name of [...kept, `file.${dead}`]) await writeFile(join(dir, name), '')
    await writeFileAtomic(path, 'text')
    expect((await readdir(dir)).sort()).toEqual(['file', ...kept].sort())
  })

  it('survives many writers at once: the file is always one of theirs, whole', async () => {
    const path = join(dir, 'file')
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000))
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)))
    expect(texts).toContain(await readTextIfThere(path))
    expect(await readdir(dir)).toEqual(['file'])
  })
})

describe('readTextIfThere', () => {
  it('is null where there is nothing', async () => {
    expect(await readTextIfThere(join(dir, 'none'))).toBeNull()
    expect(await readTextIfThere(join(dir, 'none', 'deeper'))).toBeNull()
  })
})
