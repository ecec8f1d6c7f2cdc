import { expect, onTestFinished, test } from 'vitest'
import { readRecipe } from '../../../src/box/recipe/recipe.ts'
import { listRecipes } from '../../../src/box/recipe/recipes.ts'
import { loadManifest } from '../../../src/manifest/index.ts'
import { temporaryFolder } from '../../helpers/box-files.ts'
import { manifestsEnv, writeProject, writtenManifests } from '../../helpers/written-manifests.ts'

const recipes = Object.fromEntries((await listRecipes()).map(({ name, dir }) => [name, dir]))
const manifests = writtenManifests()

test('are found in templates, examples, README and documents', () => {
  const places = new Set(manifests.map(({ name }) => name.split(/[/ ]/)[0]))
  expect([...places].sort()).toEqual(['README.md', 'docs', 'examples', 'templates', 'the'])
})

// What is true of them when they are brought up, `npm run test:manifests` shows.
test.each(manifests)('$name asks for nothing that its boxes cannot give', async (manifest) => {
  const folder = await temporaryFolder(onTestFinished)
  writeProject(folder, manifest)
  const fetch = async () => Buffer.from('defaults: {box: debian/12}\n')
  const { machines, boxes } = await loadManifest({ cwd: folder, env: manifestsEnv, fetch })
  expect(machines.length).toBeGreaterThan(0)
  for (const { name, box, disk, memory } of machines) {
    const dir = boxes[box] ?? recipes[box]
    if (dir === undefined) continue
    const recipe = await readRecipe(dir)
    expect(disk ?? recipe.disk, `disk of ${name}`).toBeGreaterThanOrEqual(recipe.disk)
    expect(memory, `memory of ${name}`).toBeGreaterThanOrEqual(recipe.minMemory)
  }
})
