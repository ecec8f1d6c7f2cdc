import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readMarkdown } from './markdown.ts'

/** The recipes that a document tells to write: `cat >boxes/base/recipe.yaml <<'END'`. */
export function recipesIn(document: string): { path: string; text: string }[] {
  const shell = readMarkdown(document).blocks.filter(({ language }) => language === 'sh')
  return shell.flatMap(({ text }) =>
    [...text.matchAll(/cat >(\S+\/recipe\.yaml) <<'END'\n([\s\S]*?\n)END$/gm)].map(
      ([, path = '', recipe = '']) => ({ path, text: recipe }),
    ),
  )
}

/** Writes them where the document has them, below `folder`. */
export function writeRecipes(folder: string, document: string): void {
  const recipes = recipesIn(document)
  if (recipes.length === 0) throw new Error('the document has no recipe')
  for (const { path, text } of recipes) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
