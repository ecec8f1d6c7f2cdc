import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { chooseImage } from '../catalogue/choose.ts'
import type { CatalogueBox, CatalogueImage } from '../catalogue/model.ts'
import { type CatalogueAccess, readCatalogue } from '../catalogue/read-catalogue.ts'
import type { FetchContext } from '../import/context.ts'
import type { StoredBox } from '../model.ts'
import { listRecipes } from '../recipe/recipes.ts'
import type { NamedSource, OciSource, VagrantSource } from '../source/model.ts'
import { parseBoxSource, sourceText } from '../source/parse-source.ts'
import { fetchImage, withHttp } from './fetch-image.ts'

/** How a catalogue's entry that leads to a registry is fetched. */
export type FetchOci = (source: OciSource, context: FetchContext) => Promise<StoredBox>

/** Gets a box that a catalogue has, the newest version that fits. E_BOX_MISSING where none has it. */
export function fromCatalogue(
  source: NamedSource | VagrantSource,
  context: FetchContext,
  fetchOci: FetchOci,
): Promise<StoredBox> {
  return withHttp(context, async (http) => {
    const image = await findImage(source, { ...context, http })
    const text = context.source ?? sourceText(source)
    const oci = image.url.startsWith('oci://') ? parseBoxSource(image.url, '/') : null
    if (oci?.kind === 'oci')
      return fetchOci(oci, {
        ...context,
        source: text,
        facts: { ...image.facts, ...context.facts },
        checksum: context.checksum ?? image.checksum,
      })
    return fetchImage(image, { source: text, http, context })
  })
}

/** The image that a name leads to now; nothing is downloaded but catalogues. */
export async function findImage(
  source: NamedSource | VagrantSource,
  context: Pick<FetchContext, 'arch' | 'env' | 'catalogues'> & CatalogueAccess,
): Promise<CatalogueImage> {
  const { wanted } = source
  return chooseImage(await findBox(source, context), { wanted, arch: context.arch })
}

async function findBox(
  source: NamedSource | VagrantSource,
  context: Pick<FetchContext, 'env' | 'catalogues'> & CatalogueAccess,
): Promise<CatalogueBox> {
  if (source.kind === 'vagrant') {
    const server = context.env.VAGRANT_SERVER_URL || 'https://vagrantcloud.com'
    const url = `${server.replace(/\/+$/, '')}/api/v2/vagrant/${source.name}`
    const [only] = (await readCatalogue(url, context)).values()
    if (only !== undefined) return only
    throw missing(source, [], [])
  }
  const names: string[] = []
  for (const at of [...context.catalogues, null]) {
    const catalogue = at === null ? await builtInCatalogue() : await readCatalogue(at, context)
    const box = catalogue.get(source.name)
    if (box !== undefined) return box
    names.push(...catalogue.keys())
  }
  throw missing(
    source,
    (await listRecipes()).map(({ name }) => name),
    names,
  )
}

function missing(
  source: NamedSource | VagrantSource,
  recipes: readonly string[],
  names: readonly string[],
): PosadaError {
  const text = sourceText(source)
  const near = nearest(source.name, new Set([...recipes, ...names]))
  const hint = recipes.includes(source.name)
    ? `posada box build ${source.name}`
    : near !== undefined
      ? `did you mean ${near}?`
      : 'posada box search shows what is available'
  return new PosadaError('E_BOX_MISSING', `no catalogue offers the box ${text}`, { value: text, hint })
}
