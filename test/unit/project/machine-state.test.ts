import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type MachineState, readState, writeState } from '../../../src/project/machine-state.ts'
import { aState } from '../../helpers/model.ts'
import { projectIn } from '../../helpers/own-paths.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'posada-state-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const machineIn = (folder: string) => projectIn(join(dir, folder), dir).machine('web')

/** The state of a machine in `folder`, as its last start left it. */
async function written(folder: string) {
  const paths = machineIn(folder)
  const state = aState()
  const { spec } = state
  const files = { ...spec.files, dataDir: paths.data, runtimeDir: '/elsewhere' }
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
      runtimeDir: join(dir, 'run', 'posada', id),
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
    expect(copied?.spec.files.runtimeDir).toBe(join(dir, 'run', 'posada', copied?.spec.id ?? ''))
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

  it.each<[string, (state: MachineState) => object]>([
    [
      'a folder to remove',
      ({ spec }) => ({ spec: { ...spec, files: { ...spec.files, runtimeDir: '/etc' } } }),
    ],
    ['a plug-in', () => ({ provider: 'evil' })],
    ['a disk that leads out', ({ spec }) => ({ spec: { ...spec, disks: [{ name: '../../x' }] } })],
    ['nothing else', () => ({})],
  ])('that somebody else wrote is foreign: %s', async (_, change) => {
    await written('old')
    const paths = machineIn('old')
    const { seal: _mine, ...state } = JSON.parse(await readFile(paths.state, 'utf8'))
    for (const seal of [{}, { seal: 'a'.repeat(64) }, { seal: 7 }]) {
      await writeFile(paths.state, JSON.stringify({ ...state, ...change(state), ...seal }))
      await expect(readState(paths)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN', value: paths.state })
    }
  })

  it('of one machine is not another’s, nor that of this user on another host or in another’s hands', async () => {
    await written('old')
    const paths = machineIn('old')
    const db = projectIn(join(dir, 'old'), dir).machine('db')
    await mkdir(db.dir)
    await cp(paths.state, db.state)
    await expect(readState(db)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
    const another = projectIn(join(dir, 'old'), join(dir, 'another')).machine('web')
    await expect(readState(another)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
    await writeState(projectIn(join(dir, 'other'), join(dir, 'another')).machine('web'), aState())
    await expect(readState(another)).rejects.toMatchObject({ code: 'E_STATE_FOREIGN' })
    expect(await readState(paths)).not.toBeNull()
  })

  it('that lacks a part, or has a name that is none, is damaged', async () => {
    const paths = machineIn('old')
    const { spec, ...rest } = aState()
    for (const wrong of [
      { ...rest, spec: { ...spec, nics: undefined } },
      { ...rest, spec: { ...spec, nics: [null] } },
      { ...rest, spec: { ...spec, id: '../..' } },
      { ...rest, spec: { ...spec, disks: [{ ...spec.disks[0], name: '../../x' }] } },
      { ...rest, spec, ports: undefined },
    ]) {
      await writeState(paths, wrong as unknown as MachineState)
      await expect(readState(paths)).rejects.toMatchObject({ code: 'E_STATE_CORRUPT' })
    }
  })
})
