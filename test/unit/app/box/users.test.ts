import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { machinesOnBox } from '../../../../src/app/box/users.ts'
import { openBoxStore } from '../../../../src/box/index.ts'
import { ensureIdentity } from '../../../../src/project/identity.ts'
import { writeState } from '../../../../src/project/machine-state.ts'
import { projectPaths } from '../../../../src/project/paths.ts'
import { noteInIndex } from '../../../../src/project/user-index.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { aState } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

const [one, other] = ['1'.repeat(64), '2'.repeat(64)]
const box = (digest: string) => ({ name: 'team/web', version: '1', digest })

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const root = join(folder, 'work', 'shop')
  await mkdir(root, { recursive: true })
  const user = userIn(folder)
  const store = openBoxStore(user.boxes)
  const paths = projectPaths(root, user)
  const index = user.projects
  const { id } = await ensureIdentity(paths)
  await noteInIndex(index, { version: 1, id, root, name: 'shop' })
  const note = (machine: string, digest: string) =>
    store.noteUser(digest, { id, project: 'shop', root, machine })
  const write = async (machine: string, digest: string) => {
    await mkdir(paths.machine(machine).dir, { recursive: true })
    await writeState(paths.machine(machine), { ...aState(), box: box(digest) })
  }
  const make = async (machine: string, digest: string) => {
    await note(machine, digest)
    await asIfEnded(join(store.dir, 'users', digest))
    await write(machine, digest)
  }
  const destroy = async (machine: string) => {
    await rm(paths.machine(machine).dir, { recursive: true })
    await store.forgetUser({ id, machine })
  }
  const on = (digest: string) => machinesOnBox({ store, user }, digest)
  return { folder, root, index, id, user, store, note, write, make, destroy, on }
}

/** As if the commands that wrote these notes were over. */
async function asIfEnded(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const note = JSON.parse(await readFile(join(folder, name), 'utf8'))
    await writeFile(join(folder, name), JSON.stringify({ ...note, by: { pid: 999_999_999, startTime: 'x' } }))
  }
}

it('a machine is noted, and forgotten, without what was noted of others being read', async () => {
  const { id, store, note, on } = await setUp()
  // A file that could not be read: folders cannot.
  const [neighbour, stranger] = [`${id}-web-00000000-00000000.json`, '00000000-web-00000000.json']
  for (const name of [neighbour, stranger])
    await mkdir(join(store.dir, 'users', one, name), { recursive: true })
  await note('web', one)
  await note('web', one)
  await store.forgetUser({ id, machine: 'web' })
  const names = await readdir(join(store.dir, 'users', one))
  expect(names.filter((name) => name !== neighbour && name !== stranger)).toHaveLength(1)
  await expect(on(one)).rejects.toMatchObject({ code: 'EISDIR' })
})

it('finds the machines that stand on a box, by what their states say', async () => {
  const { root, make, note, store, on } = await setUp()
  await make('web', one)
  expect(await on(one)).toEqual([`shop/web in ${root}`])
  expect(await on(other)).toEqual([])
  // What was noted before it was made of another box is of no interest any longer.
  await note('web', other)
  await asIfEnded(join(store.dir, 'users', other))
  expect(await on(other)).toEqual([])
})

it('finds a machine that is being made and has no state yet', async () => {
  const { root, note, on } = await setUp()
  await note('web', one)
  expect(await on(one)).toEqual([`shop/web in ${root}, which is being made`])
})

it('finds the machines of a project that is in no index, or was lost from it', async () => {
  const { root, index, make, on } = await setUp()
  await make('web', one)
  await rm(index, { recursive: true })
  expect(await on(one)).toEqual([`shop/web in ${root}`])
})

it('finds a machine that no note has, by the index', async () => {
  const { root, write, on } = await setUp()
  await write('web', one)
  expect(await on(one)).toEqual([`shop/web in ${root}`])
})

it('finds the machines of a project that was moved, by their new place as soon as it is known', async () => {
  const { folder, root, index, id, make, on } = await setUp()
  await make('web', one)
  const near = join(folder, 'work', 'moved')
  await rename(root, near)
  expect(await on(one)).toEqual([`moved/web in ${near}`])
  const far = join(folder, 'elsewhere')
  await rename(near, far)
  expect(await on(one)).toEqual([expect.stringContaining(`shop/web in ${root}, which is missing`)])
  await noteInIndex(index, { version: 1, id, root: far, name: 'shop' })
  expect(await on(one)).toContain(`shop/web in ${far}`)
})

it('finds the machines of a copy that lies beside its original, also when that is destroyed', async () => {
  const { folder, root, make, destroy, on } = await setUp()
  await make('web', one)
  const copy = join(folder, 'work', 'copy')
  await cp(root, copy, { recursive: true })
  expect(await on(one)).toEqual([`shop/web in ${root}`, `copy/web in ${copy}`])
  await destroy('web')
  expect(await on(one)).toEqual([`copy/web in ${copy}`])
  await rm(copy, { recursive: true })
  expect(await on(one)).toEqual([])
})

it('passes over what others have beside a project', async () => {
  const { folder, make, on } = await setUp()
  await make('web', one)
  const foreign = projectPaths(join(folder, 'work', 'foreign'), userIn(join(folder, 'other')))
  await mkdir(foreign.machine('web').dir, { recursive: true })
  await writeState(foreign.machine('web'), { ...aState(), box: box(one) })
  await writeFile(join(folder, 'work', 'file'), '')
  await symlink('loop', join(folder, 'work', 'loop'))
  expect(await on(one)).toHaveLength(1)
})

it('holds boxes for a project that is missing until its note is removed', async () => {
  const { root, make, store, on } = await setUp()
  await make('web', one)
  await rm(root, { recursive: true })
  const folder = join(store.dir, 'users', one)
  const [name = ''] = await readdir(folder)
  expect(await on(one)).toEqual([expect.stringContaining(join(folder, name))])
  await rm(join(folder, name))
  expect(await on(one)).toEqual([])
})

it('forgets a machine that was destroyed, whatever it stood on, and none that is called alike', async () => {
  const { root, note, make, destroy, on } = await setUp()
  await make('web', one)
  await make('web-1', one)
  await note('web', other)
  await destroy('web')
  expect(await on(one)).toEqual([`shop/web-1 in ${root}`])
  expect(await on(other)).toEqual([])
})

it('keeps no note of a throw-away machine that is gone, nor one that was cut short', async () => {
  const { root, note, store, id } = await setUp()
  await note('web', one)
  await note('web-1', one)
  const folder = join(store.dir, 'users', one)
  const [name = ''] = (await readdir(folder)).filter((each) => /-web-[0-9a-f]{8}\.json$/.test(each))
  await writeFile(join(folder, `${name}.999999999-01234567.tmp`), '{')
  await store.forgetUser({ id, machine: 'web', forGood: true })
  expect(await readdir(folder)).toEqual([expect.stringMatching(/-web-1-[0-9a-f]{8}\.json$/)])
  expect((await store.users(one)).map((user) => user.root)).toEqual([root])
})
