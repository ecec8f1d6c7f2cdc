import { builtInCatalogue, compareVersions, listRecipes, readRecipe } from '../../box/index.ts'
import { userBoxes } from './user-boxes.ts'

/** A box that is available. */
export interface OfferedBox {
  name: string
  description: string
  /** `recipe`: built here, from a distribution's packages; `image`: a distribution's cloud image, fetched. */
  kind: 'recipe' | 'image'
  /** Architectures that there are of it. */
  arch: string[]
  /** Newest first. Of a recipe, and of an image whose file changes at its address: none. */
  versions: string[]
  /** Versions of it in the store, newest first. */
  stored: string[]
}

/**
 * The boxes that are available by name, by what comes with Posada: its recipes, and its catalogue of cloud images. `text`
 * stands in the name or in the description; all of them where it is not given. Fetches nothing.
 */
export async function searchBoxes(text: string | undefined, env: NodeJS.ProcessEnv): Promise<OfferedBox[]> {
  const refs = (await userBoxes(env).store.list()).filter(({ bearsName }) => bearsName)
  const storedOf = (wanted: string) =>
    newestFirst(refs.filter(({ name }) => name === wanted).map(({ version }) => version))
  const offered = [...(await recipes()), ...(await images())]
  const words = (text ?? '').toLowerCase().split(/\s+/)
  return offered
    .filter(({ name, description }) => {
      const all = `${name} ${description}`.toLowerCase()
      return words.every((word) => all.includes(word))
    })
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((box) => ({ ...box, stored: storedOf(box.name) }))
}

async function recipes(): Promise<Omit<OfferedBox, 'stored'>[]> {
  return Promise.all(
    (await listRecipes()).map(async ({ name, dir }) => {
      const { description, arch } = await readRecipe(dir)
      return { name, description, kind: 'recipe', arch, versions: [] }
    }),
  )
}

async function images(): Promise<Omit<OfferedBox, 'stored'>[]> {
  return [...(await builtInCatalogue()).values()].map(({ name, versions }) => {
    const all = versions.flatMap((one) => one.images)
    return {
      name,
      description: all[0]?.facts.description ?? '',
      kind: 'image',
      arch: [...new Set(all.map(({ arch }) => arch))],
      versions: newestFirst(versions.flatMap(({ version }) => version ?? [])),
    }
  })
}

function newestFirst(versions: readonly string[]): string[] {
  return [...new Set(versions)].sort((a, b) => compareVersions(b, a))
}
