import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { listImages, pruneImages } from '../../../../src/app/cache/images.ts'
import { type UserPaths, warmPaths, writeWarmImage } from '../../../../src/project/index.ts'
import { aState } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

let home: string
let user: UserPaths
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'posada-images-'))
  user = userIn(home)
  for (const [digit, day] of [
    ['a', '03'],
    ['b', '01'],
    ['c', '02'],
  ] as const) {
    const key = digit.repeat(32)
    const paths = warmPaths(join(user.warm, `${key}-00000001`))
    await mkdir(paths.dir, { recursive: true })
    await writeFile(paths.memory, Buffer.alloc(2 ** 20, digit))
    await writeWarmImage(paths, user, {
      ...{ version: 1, key, at: '2026-01-01T00:00:00.000Z', kernel: '6', state: aState(), disks: {} },
      memory: {
        ...{ version: 1, at: '', size: 2 ** 20, sha256: '0'.repeat(64), hardware: '0'.repeat(64) },
        ...{ facts: {}, disks: {} },
      },
    })
    const at = new Date(`2026-02-${day}T00:00:00Z`)
    await utimes(paths.description, at, at)
  }
  await mkdir(join(user.warm, 'making-x'))
})
afterEach(() => rm(home, { recursive: true }))

const names = (images: readonly { name: string }[]) => images.map(({ name }) => name[5])

it('warm images are listed, and what is being made is not', async () => {
  await writeFile(join(user.warm, `${'a'.repeat(32)}-00000001`, 'image.json'), '{')
  const images = await listImages(user)
  expect(images.find(({ name }) => name === `warm/${'b'.repeat(12)}`)).toMatchObject({
    ...{ description: 'debian/12@20261122.1, qemu, 1 CPU, 512MiB', arch: 'x86_64', problem: null },
    usedAt: '2026-02-01T00:00:00.000Z',
  })
  expect(images.find(({ name }) => name.startsWith('warm/a'))?.problem).toMatch(/not JSON/)
  expect(images).toHaveLength(3)
})

it('those used longest ago go first, until the rest fits', async () => {
  expect(names(await pruneImages(user, { budget: 2.5 * 2 ** 20, dryRun: true }))).toEqual(['b'])
  expect(names(await pruneImages(user, { budget: 1.5 * 2 ** 20 }))).toEqual(['b', 'c'])
  expect(names(await listImages(user))).toEqual(['a'])
  expect(names(await pruneImages(user, { budget: null }))).toEqual(['a'])
  expect(await listImages(user)).toEqual([])
})
