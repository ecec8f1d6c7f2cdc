import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { boxesFolder } from '../recipe/recipes.ts'
import type { Catalogue } from './model.ts'
import { parseCatalogue } from './parse-catalogue.ts'

/** The catalogue that comes with Posada: the distributions' own cloud images. */
export async function builtInCatalogue(): Promise<Catalogue> {
  const file = join(boxesFolder(), 'catalogue.json')
  return parseCatalogue(await readFile(file, 'utf8'), undefined, file)
}
