import { join, resolve } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { exists, namesIn } from '../../lib/files/folders.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { nearest } from '../../lib/text/suggest.ts'
import { namePattern } from '../../lib/values/box-names.ts'

/** A recipe that comes with Posada. */
export interface RecipeEntry {
  name: string
  dir: string
}

/** Where recipes and what they share lie: `boxes/` of the package. */
export function boxesFolder(): string {
  return join(packageRoot(), 'boxes')
}

/** The recipes that come with Posada, by name. */
export async function listRecipes(): Promise<RecipeEntry[]> {
  const root = boxesFolder()
  const found: RecipeEntry[] = []
  for (const group of (await namesIn(root)).sort())
    for (const one of (await namesIn(join(root, group))).sort()) {
      const name = `${group}/${one}`
      const dir = join(root, name)
      if (namePattern.test(name) && (await exists(join(dir, 'recipe.yaml')))) found.push({ name, dir })
    }
  return found
}

/** The folder of a recipe given by name, or by path (with a leading `.` or `/`). E_BOX_UNKNOWN. */
export async function findRecipe(text: string): Promise<string> {
  if (/^[./]/.test(text)) {
    const dir = resolve(text)
    if (await exists(join(dir, 'recipe.yaml'))) return dir
    throw new PosadaError('E_BOX_UNKNOWN', `there is no recipe.yaml in ${dir}`, {
      value: text,
      hint: 'give the folder of a recipe, or the name of one that comes with Posada, such as debian/12',
    })
  }
  const recipes = await listRecipes()
  const found = recipes.find((recipe) => recipe.name === text)
  if (found !== undefined) return found.dir
  const names = recipes.map((recipe) => recipe.name)
  const near = nearest(text, names)
  throw new PosadaError('E_BOX_UNKNOWN', `there is no recipe named ${text}`, {
    value: text,
    hint: near === undefined ? `recipes: ${names.join(', ')}` : `did you mean ${near}?`,
  })
}
