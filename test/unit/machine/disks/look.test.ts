import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyQcow2 } from '../../../../src/lib/disk/qcow2-empty.ts'
import { keepDisks, keptFiles, removeBut } from '../../../../src/machine/disks/kept.ts'
import { lookAtDisks } from '../../../../src/machine/disks/look.ts'
import { linkLayers, makeNext, takeNext } from '../../../../src/machine/layers/next-disks.ts'
import { type MachinePaths, machinePaths, readKeptDisks } from '../../../../src/project/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

const mebibyte = 2 ** 20
const place = { file: '/shop/posada.yaml', line: 5, column: 3 }
const disk = (name: string, size = mebibyte) => ({ name, size, place })

describe('disks as they are there', () => {
  let folder: string
  let paths: MachinePaths
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posada-disks-'))
    paths = machinePaths(join(folder, 'machines', 'web'), { key: join(folder, 'key'), runtimes: [] })
    await mkdir(paths.data, { recursive: true })
  })
  afterEach(() => rm(folder, { recursive: true }))

  const make = async (name: string, size = mebibyte) => {
    const image = emptyQcow2({ size })
    if (typeof image === 'string') throw new Error(image)
    await writeFile(paths.disk(name), image)
  }

  it('are told by their files: sizes, those that are gone, those that left the manifest', async () => {
    for (const name of ['root', 'disk-2', 'data', 'old', 'held']) await make(name)
    await writeFile(paths.disk('torn'), 'no image')
    const made = aState(aMachine({ disks: [disk('data'), disk('lost')] }), { keptDisks: ['held'] })
    const config = aMachine({ disks: [disk('data', 2 * mebibyte), disk('torn')], keptDisks: ['data', 'new'] })
    expect(await lookAtDisks(paths, config, made)).toEqual({
      sizes: { data: mebibyte, old: mebibyte, held: mebibyte },
      kept: ['data', 'held'],
      gone: ['lost'],
      left: ['old'],
    })
  })

  it('of a machine that is made are those that were kept on purpose, and no others', async () => {
    for (const name of ['data', 'planted']) await make(name)
    const config = aMachine({ disks: [disk('data'), disk('planted')] })
    expect((await lookAtDisks(paths, config, null)).sizes).toEqual({})
    await keepDisks(paths, aMachine({ disks: [disk('data')], keptDisks: ['data'] }), null)
    expect(await lookAtDisks(paths, config, null)).toMatchObject({ sizes: { data: mebibyte }, left: [] })
  })

  it('are never made smaller', async () => {
    await make('data', 2 * mebibyte)
    const config = aMachine({ disks: [disk('data')] })
    await expect(lookAtDisks(paths, config, aState())).rejects.toMatchObject({
      code: 'E_DISK_SHRINK',
      value: '1MiB',
      place,
    })
  })

  it('are kept as the manifest says, else as it was recorded, with the layers that they lie on', async () => {
    const disks = ['data', 'scratch', 'before', 'open'].map((name) => ({
      ...{ name, path: paths.disk(name), size: mebibyte },
    }))
    for (const { name } of disks) await make(name)
    await linkLayers(paths, '0000000a', disks)
    await makeNext(paths, '0000000a', disks)
    await takeNext(disks)
    const config = aMachine({ disks: [disk('data'), disk('open')], keptDisks: ['data'] })
    const kept = await keepDisks(paths, config, aState(aMachine(), { keptDisks: ['before', 'open', 'none'] }))
    expect(kept).toEqual(['data', 'before'])
    expect(await readKeptDisks(paths)).toEqual(kept)

    const spared = await keptFiles(paths, kept)
    await writeFile(paths.state, '{}')
    await removeBut([paths.dir], spared)
    for (const name of ['data', 'before']) {
      await rm(paths.disk(name))
      await rm(paths.snapshot('0000000a').disk(name))
    }
    await rm(paths.keptDisks)
    // Nothing else was left of it.
    await expect(rm(paths.disk('scratch'))).rejects.toThrow('ENOENT')
    await expect(rm(paths.snapshot('0000000a').disk('open'))).rejects.toThrow('ENOENT')
    await expect(rm(paths.state)).rejects.toThrow('ENOENT')
  })

  it('that came with a repository are refused', async () => {
    await writeFile(paths.keptDisks, JSON.stringify({ version: 1, disks: ['data'], seal: 'x' }))
    await expect(lookAtDisks(paths, aMachine(), null)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
  })
})
