import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyQcow2 } from '../../../../src/lib/disk/qcow2-empty.ts'
import { linkLayers, makeNext, takeNext } from '../../../../src/machine/layers/next-disks.ts'
import { settleDisks } from '../../../../src/machine/layers/settle.ts'
import { sweepSnapshots } from '../../../../src/machine/layers/sweep.ts'
import {
  forgetSnapshot,
  type MachinePaths,
  type MachineState,
  readSnapshots,
  readState,
  type SavedMemory,
  writeSnapshot,
  writeState,
} from '../../../../src/project/index.ts'
import { aState } from '../../../helpers/model.ts'
import { projectIn } from '../../../helpers/own-paths.ts'

const mebibyte = 2 ** 20
const memory: SavedMemory = {
  ...{ version: 1, at: '2026-01-01T00:00:00.000Z', size: 1, sha256: '0'.repeat(64) },
  ...{ hardware: '0'.repeat(64), facts: {}, disks: {} },
}

describe('what snapshots leave', () => {
  let folder: string
  let paths: MachinePaths
  let state: MachineState
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'posada-sweep-'))
    paths = projectIn(folder).machine('web')
    const disks = [{ name: 'root', path: paths.disk('root'), size: mebibyte }]
    const made = aState()
    state = { ...made, spec: { ...made.spec, disks } }
    await mkdir(paths.data, { recursive: true })
    const image = emptyQcow2({ size: mebibyte })
    if (typeof image === 'string') throw new Error(image)
    await writeFile(paths.disk('root'), image)
    await writeState(paths, state)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const freeze = async (id: string) => {
    await linkLayers(paths, id, state.spec.disks)
    await writeFile(paths.snapshot(id).memory, 'm')
    await makeNext(paths, id, state.spec.disks)
    await takeNext(state.spec.disks)
  }
  const describeAs = (id: string, name: string) =>
    writeSnapshot(paths, { version: 1, id, name, note: null, at: memory.at, parent: null, state, memory })
  const there = (id: string) =>
    ['dir', 'memory', 'description'].filter((what) => existsSync(pathOf(id, what)))
  const pathOf = (id: string, what: string) =>
    ({ dir: paths.snapshot(id).dir, memory: paths.snapshot(id).memory })[what] ??
    paths.snapshot(id).description

  it('stays as long as something lies on it, but for its memory', async () => {
    await freeze('0000000a')
    await describeAs('0000000a', 'first')
    await freeze('0000000b')
    await describeAs('0000000b', 'second')
    await sweepSnapshots(paths)
    expect(there('0000000a')).toEqual(['dir', 'memory', 'description'])
    await forgetSnapshot(paths, '0000000a')
    await sweepSnapshots(paths)
    expect([there('0000000a'), there('0000000b')]).toEqual([['dir'], ['dir', 'memory', 'description']])
    expect((await readSnapshots(paths, () => undefined)).map(({ name }) => name)).toEqual(['second'])
  })

  it('goes where a save was cut short before anything lay on it', async () => {
    await linkLayers(paths, '0000000a', state.spec.disks)
    await sweepSnapshots(paths)
    expect(existsSync(paths.snapshot('0000000a').dir)).toBe(false)
    expect(existsSync(paths.disk('root'))).toBe(true)
  })

  it('stays where the machine is suspended on its memory', async () => {
    await mkdir(paths.snapshot('0000000a').dir, { recursive: true })
    await writeFile(paths.snapshot('0000000a').memory, 'm')
    await writeState(paths, { ...state, suspended: { ...memory, snapshot: '0000000a' } })
    await sweepSnapshots(paths)
    expect(there('0000000a')).toEqual(['dir', 'memory'])
  })

  it('is left alone while a restore is not complete; that is completed, and its memory then fits', async () => {
    await freeze('0000000a')
    await describeAs('0000000a', 'first')
    await freeze('0000000b')
    await writeState(paths, { ...state, restoring: '0000000a', suspended: memory })
    await sweepSnapshots(paths)
    expect(there('0000000b')).toEqual(['dir', 'memory'])
    const settled = await settleDisks(paths, (await readState(paths)) ?? state)
    expect(settled.restoring).toBeUndefined()
    expect(settled.suspended?.disks.root).toHaveLength(1)
    await sweepSnapshots(paths)
    expect([there('0000000a').length, there('0000000b').length]).toEqual([3, 0])
  })
})
