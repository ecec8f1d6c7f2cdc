import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { boxBuilder } from '../../../../src/app/box/builder.ts'
import { inputsDigest } from '../../../../src/box/build/inputs.ts'
import { openBoxStore } from '../../../../src/box/index.ts'
import { boxesFolder } from '../../../../src/box/recipe/recipes.ts'
import { placeFolder } from '../../../../src/box/store/place.ts'
import { storePaths } from '../../../../src/box/store-paths.ts'
import { findBox } from '../../../../src/machine/box/find-box.ts'
import { outdatedBoxes, updateBoxes } from '../../../../src/machine/box/update-boxes.ts'
import type { Project } from '../../../../src/machine/project.ts'
import { boxContent, temporaryFolder, writeBox } from '../../../helpers/box-files.ts'
import { aMachine } from '../../../helpers/model.ts'
import { userIn } from '../../../helpers/own-paths.ts'

const recipe = (name: string) => `name: ${name}
description: for tests
arch: [x86_64]
suite: bookworm
variant: minbase
packages: [busybox]
disk: 1GiB
login: {user: posada}
minMemory: 64MiB
`

async function setUp() {
  const folder = await temporaryFolder(onTestFinished)
  const base = join(folder, 'boxes', 'base')
  await mkdir(base, { recursive: true })
  await writeFile(join(base, 'recipe.yaml'), recipe('shop/base'))
  const store = openBoxStore(join(folder, 'store'))
  const { signal } = new AbortController()
  const env: NodeJS.ProcessEnv = {}
  const project = {
    manifest: { root: folder, boxes: { 'shop/base': base, 'shop/other': base } },
    buildBox: boxBuilder({
      store,
      user: userIn(folder),
      env,
      emit: () => undefined,
      signal,
    }),
  } as unknown as Project
  // Each time as another command does it.
  const find = (box: string) => findBox({ ...project }, aMachine({ box }), null)
  const withMachine = {
    ...project,
    boxes: store,
    manifest: { ...project.manifest, machines: [aMachine({ box: 'shop/base' })] },
  }
  return { folder, base, store, find, env, project: withMachine }
}

it("a project's own recipe is built once, and what was built of it as it is now is taken", async () => {
  const { folder, base, store, find } = await setUp()
  const inputs = await inputsDigest({ recipes: [base], lib: join(boxesFolder(), 'lib'), arch: 'x86_64' })
  const built = await writeBox(join(folder, 'built'), boxContent({ name: 'shop/base' }))
  const placed = await placeFolder(storePaths(store.dir), built, { inputs, source: null, origin: null })
  expect((await find('shop/base')).digest).toBe(placed.digest)
})

it("a project's own recipe is built by an update, and asked for in no catalogue", async () => {
  const { folder, base, store, project } = await setUp()
  expect(await outdatedBoxes(project)).toEqual([])
  const inputs = await inputsDigest({ recipes: [base], lib: join(boxesFolder(), 'lib'), arch: 'x86_64' })
  const built = await writeBox(join(folder, 'built'), boxContent({ name: 'shop/base' }))
  const { digest } = await placeFolder(storePaths(store.dir), built, { inputs, source: null, origin: null })
  const to = { version: '20261122.1', digest }
  const same = { box: 'shop/base', arch: 'x86_64', from: to, to, changed: false }
  expect(await updateBoxes(project, [])).toEqual([same])
  expect(await updateBoxes(project, ['shop/base'])).toEqual([same])
})

it('a box that is built makes room as POSADA_BOX_BUDGET wants it', async () => {
  const { folder, base, store, find, env } = await setUp()
  const inputs = await inputsDigest({ recipes: [base], lib: join(boxesFolder(), 'lib'), arch: 'x86_64' })
  const built = await writeBox(join(folder, 'built'), boxContent({ name: 'shop/base' }))
  await placeFolder(storePaths(store.dir), built, { inputs, source: null, origin: null })
  await store.add(await writeBox(join(folder, 'old'), boxContent({ name: 'shop/old' }, 'old')))
  env.POSADA_BOX_BUDGET = 'much'
  await expect(find('shop/base')).rejects.toMatchObject({ code: 'E_USAGE' })
  env.POSADA_BOX_BUDGET = '20B'
  await find('shop/base')
  expect((await store.list()).map(({ name }) => name)).toEqual(['shop/base'])
})

it('a recipe that makes a box of another name is refused at its place', async () => {
  const { find } = await setUp()
  await expect(find('shop/other')).rejects.toMatchObject({
    code: 'E_BOX_BUILD',
    message: expect.stringContaining('is for shop/base, not shop/other'),
    place: { file: '/shop/posada.yaml' },
  })
})
