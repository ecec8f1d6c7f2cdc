import { copyFile, mkdir, mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PosadaEvent } from '../../../../src/events/index.ts'
import { sha256OfFile } from '../../../../src/lib/files/hash-file.ts'
import { hostBootId } from '../../../../src/lib/process/boot-id.ts'
import { fileMark } from '../../../../src/machine/memory/check.ts'
import { hardwareOf } from '../../../../src/machine/memory/hardware.ts'
import { findImage } from '../../../../src/machine/warm/find-image.ts'
import { warmState } from '../../../../src/machine/warm/warm-state.ts'
import {
  readWarmImage,
  type UserPaths,
  type WarmImage,
  warmPaths,
  writeWarmImage,
} from '../../../../src/project/index.ts'
import type { Provider } from '../../../../src/provider/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

const key = 'ab'.repeat(16)
const { spec } = aState()
const provider = { memoryFacts: async () => ({ QEMU: '7.2' }) } as unknown as Provider

describe('a warm image', () => {
  let home: string
  let user: UserPaths
  let told: PosadaEvent[]
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'posada-warm-'))
    user = userIn(home)
    told = []
  })
  afterEach(() => rm(home, { recursive: true }))

  async function anImage(changes: Partial<WarmImage> = {}, bootId?: string) {
    const paths = warmPaths(join(user.warm, `${key}-00000001`))
    await mkdir(paths.dir, { recursive: true })
    await writeFile(paths.memory, 'memory')
    await writeFile(paths.disk('root'), 'disk')
    const image: WarmImage = {
      ...{ version: 1, key, at: '2026-01-01T00:00:00.000Z', kernel: release(), state: aState() },
      memory: {
        ...{ version: 1, at: '2026-01-01T00:00:00.000Z', hardware: '0'.repeat(64), facts: { QEMU: '7.2' } },
        ...{ ...(await fileMark(paths.memory)), sha256: await sha256OfFile(paths.memory) },
        ...{ bootId: bootId ?? (await hostBootId()), disks: {} },
      },
      disks: {
        root: {
          ...(await fileMark(paths.disk('root'))),
          sha256: await sha256OfFile(paths.disk('root')),
        },
      },
      ...changes,
    }
    await writeWarmImage(paths, user, image)
    return { paths, image }
  }
  const find = () => findImage({ user, emit: (event) => told.push(event) }, { key, spec, provider })
  /** As a disk that fails would: nothing tells but the content. */
  async function flip(path: string) {
    const { atime, mtime } = await stat(path)
    const { size } = await stat(path)
    await writeFile(path, 'x'.repeat(size), { flag: 'r+' })
    await utimes(path, atime, mtime)
  }

  it('is found, and used at once', async () => {
    const { paths } = await anImage()
    expect(await find()).toMatchObject({ paths: { dir: paths.dir }, image: { key } })
    expect(told).toEqual([])
    expect(await findImage({ user, emit: () => undefined }, { key: 'cd'.repeat(16), spec, provider })).toBe(
      null,
    )
  })

  it('is read through once after the host was started', async () => {
    const { paths } = await anImage({}, 'another')
    expect(await find()).not.toBeNull()
    expect((await readWarmImage(paths, user))?.memory.bootId).toBe(await hostBootId())
    await writeFile(paths.memory, 'Memory')
    expect(await find()).toBeNull()
  })

  it.each<[string, (made: Awaited<ReturnType<typeof anImage>>) => Promise<void>, RegExp]>([
    ['a memory that is cut', ({ paths }) => truncate(paths.memory, 3), /memory: it has 3 bytes instead of 6/],
    ['a memory that was written to', ({ paths }) => writeFile(paths.memory, 'mEmory'), /content has changed/],
    [
      'a disk that was written to',
      ({ paths }) => writeFile(paths.disk('root'), 'dISk'),
      /disk root: .*changed/,
    ],
    ['a disk that is gone', ({ paths }) => rm(paths.disk('root')), /disk root: it is gone/],
    ['no description', ({ paths }) => rm(paths.description), /no description/],
    ['half a description', ({ paths }) => truncate(paths.description, 20), /not JSON/],
    [
      'the description of another key',
      async ({ paths, image }) => {
        const other = warmPaths(join(home, 'other'))
        await mkdir(other.dir)
        await writeWarmImage(other, user, { ...image, key: 'cd'.repeat(16) })
        await copyFile(other.description, paths.description)
      },
      /not written by this user/,
    ],
    [
      'another QEMU',
      ({ paths, image }) =>
        writeWarmImage(paths, user, { ...image, memory: { ...image.memory, facts: { QEMU: '8.0' } } }),
      /QEMU 8.0, and here it is 7.2/,
    ],
    [
      'another kernel of the host',
      ({ paths, image }) => writeWarmImage(paths, user, { ...image, kernel: '4.19.0' }),
      /with Linux 4.19.0, and here/,
    ],
    [
      'a flipped byte, after the host was started',
      async ({ paths, image }) => {
        await writeWarmImage(paths, user, { ...image, memory: { ...image.memory, bootId: 'another' } })
        await flip(paths.memory)
      },
      /memory: its content has changed/,
    ],
  ])('with %s is told of and goes', async (_, damage, why) => {
    await damage(await anImage())
    expect(await find()).toBeNull()
    expect(told).toMatchObject([{ type: 'notice', level: 'warn', message: expect.stringMatching(why) }])
    expect(await readdir(user.warm)).toEqual([])
  })

  it('gives a new machine what it has in memory, and not who it is', async () => {
    const { image } = await anImage()
    const planned = aState(aMachine({ name: 'db' }))
    const first = { ...image.state.spec.nics[0], mac: '52:54:00:00:00:77' }
    const made = { ...image.state.spec, nics: [first] } as typeof image.state.spec
    const state = warmState({
      ...{ planned, image: { ...image, state: { ...image.state, spec: made } }, id: '0000000a' },
      ...{ token: '0123abcd', at: '2026-02-01T00:00:00.000Z', consoleFrom: 7 },
    })
    expect(state).toMatchObject({
      spec: { id: planned.spec.id, uuid: planned.spec.uuid, name: 'db' },
      copy: { token: '0123abcd', due: true, warm: true },
      suspended: { snapshot: '0000000a', hardware: hardwareOf(state.spec) },
      start: { consoleFrom: 7 },
    })
    expect(state.spec.nics.map(({ mac }) => mac)).toEqual(['52:54:00:00:00:77'])
    expect(state.start?.readyAt).toBeUndefined()
  })
})
