import { cp, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readState, writeState } from '../../../src/project/machine-state.ts'
import { projectPaths } from '../../../src/project/paths.ts'
import { aState } from '../../helpers/model.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-state-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const machineIn = (folder: string) => projectPaths(join(dir, folder)).machine('web')

/** The state of a machine in `folder`, as its last start left it. */
async function written(folder: string) {
  const paths = machineIn(folder)
  const state = aState()
  const { spec } = state
  const files = { ...spec.files, dataDir: paths.data, runtimeDir: `/run/posada/${spec.id}` }
  await writeState(paths, { ...state, spec: { ...spec, files } })
  return spec
}

describe('a state', () => {
  it('follows a project that moved, with its sockets where they were', async () => {
    const { id, uuid } = await written('old')
    await rename(join(dir, 'old'), join(dir, 'new'))
    const moved = await readState(machineIn('new'))
    expect(moved?.spec).toMatchObject({ id, uuid })
    expect(moved?.spec.files).toMatchObject({
      dataDir: machineIn('new').data,
      runtimeDir: `/run/posada/${id}`,
    })
    expect(moved?.spec.disks[0]?.path).toBe(machineIn('new').disk('root'))
  })

  it('in a copied project is that of another machine for as long as the original is there', async () => {
    const { id, uuid } = await written('old')
    await cp(join(dir, 'old'), join(dir, 'copy'), { recursive: true })
    const copied = await readState(machineIn('copy'))
    expect(copied?.spec.id).toMatch(/^[0-9a-f]{8}$/)
    expect(copied?.spec.id).not.toBe(id)
    expect(copied?.spec.uuid).not.toBe(uuid)
    expect(copied?.spec.files.runtimeDir).toBe(`/run/posada/${copied?.spec.id}`)
    expect((await readState(machineIn('copy')))?.spec).toEqual(copied?.spec)
    expect((await readState(machineIn('old')))?.spec).toMatchObject({ id, uuid })
    await rm(join(dir, 'old'), { recursive: true })
    expect((await readState(machineIn('copy')))?.spec).toMatchObject({ id, uuid })
  })

  it('is that of the same machine when its folder is reached by another path', async () => {
    const { id } = await written('old')
    await symlink(join(dir, 'old'), join(dir, 'link'))
    expect((await readState(machineIn('link')))?.spec.id).toBe(id)
  })
})
