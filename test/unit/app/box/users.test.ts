import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { machinesOnBox } from '../../../../src/app/box/users.ts'
import { noteBox } from '../../../../src/project/box-notes.ts'
import { ensureIdentity } from '../../../../src/project/identity.ts'
import { writeState } from '../../../../src/project/machine-state.ts'
import { projectPaths } from '../../../../src/project/paths.ts'
import { forgetInIndex, noteInIndex } from '../../../../src/project/user-index.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { aState } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

const [one, other] = ['1'.repeat(64), '2'.repeat(64)]
const box = (digest: string) => ({ name: 'team/web', version: '1', digest })

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const root = join(folder, 'shop')
  await mkdir(root)
  const user = userIn(folder)
  const paths = projectPaths(root, user)
  const index = user.projects
  const { id } = await ensureIdentity(paths)
  await noteInIndex(index, { version: 1, id, root, name: 'shop' })
  const make = async (machine: string, digest: string) => {
    await noteBox(index, id, { machine, digest })
    await mkdir(paths.machine(machine).dir, { recursive: true })
    await writeState(paths.machine(machine), { ...aState(), box: box(digest) })
  }
  return { folder, root, index, id, paths, make, on: (digest: string) => machinesOnBox(user, digest) }
}

it('finds the machines that stand on a box, by what their states say', async () => {
  const { root, index, id, make, on } = await setUp()
  await make('web', one)
  expect(await on(one)).toEqual([`shop/web in ${root}`])
  expect(await on(other)).toEqual([])
  // What was noted before it was made of another box is of no interest any more.
  await writeFile(
    join(index, id, 'old.json'),
    JSON.stringify({ version: 1, machine: 'old', digest: other, by: { pid: 999_999_999, startTime: 'x' } }),
  )
  expect(await on(other)).toEqual([])
})

it('finds a machine that is being made and has no state yet', async () => {
  const { root, index, id, on } = await setUp()
  await noteBox(index, id, { machine: 'web', digest: one })
  expect(await on(one)).toEqual([`shop/web in ${root}, which is being made`])
})

it('finds the machines of a project that was moved, until it is known where to', async () => {
  const { folder, root, index, id, make, on } = await setUp()
  await make('web', one)
  const moved = join(folder, 'moved')
  await rename(root, moved)
  expect(await on(one)).toEqual([expect.stringContaining(`shop/web in ${root}, which is missing`)])
  await noteInIndex(index, { version: 1, id, root: moved, name: 'shop' })
  expect(await on(one)).toEqual([`shop/web in ${moved}`])
})

it('holds boxes for a project that is gone until it is taken out of the index', async () => {
  const { root, index, id, make, on } = await setUp()
  await make('web', one)
  await rm(root, { recursive: true })
  expect(await on(one)).toEqual([expect.stringContaining(join(index, `${id}.json`))])
  await rm(join(index, `${id}.json`))
  expect(await on(one)).toEqual([])
})

it('forgets a project’s notes with the project', async () => {
  const { root, index, id, on } = await setUp()
  await noteBox(index, id, { machine: 'web', digest: one })
  await forgetInIndex(index, id)
  await noteInIndex(index, { version: 1, id, root, name: 'shop' })
  expect(await on(one)).toEqual([])
})
