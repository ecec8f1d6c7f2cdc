import { PosadaError } from '../../errors/index.ts'
import { expectSuccess, type HttpClient, withRetries } from '../../http/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { chooseImage } from '../catalogue/choose.ts'
import type { Catalogue } from '../catalogue/model.ts'
import { readCatalogue } from '../catalogue/read-catalogue.ts'
import type { FetchContext } from '../import/context.ts'
import type { StoredBox } from '../model.ts'
import type { UrlSource } from '../source/model.ts'
import { sourceText } from '../source/parse-source.ts'
import { fetchImage, withHttp } from './fetch-image.ts'

/** Gets the box at a URL; where the catalogue of one box is there, its newest version. */
export function fromUrl(source: UrlSource, context: FetchContext): Promise<StoredBox> {
  return withHttp(context, async (http) => {
    const text = context.source ?? sourceText(source)
    const checksum = source.checksum ?? context.checksum ?? null
    if (checksum === null && (await isCatalogue(source.url, http, context))) {
      const { box, image } = onlyBox(
        await readCatalogue(source.url, { http, ...context }),
        source.url,
        context,
      )
      return fetchImage(
        { ...image, facts: { name: box.name, ...image.facts } },
        { source: text, http, context },
      )
    }
    const image = { url: source.url, checksum, checksums: null, facts: {} }
    return fetchImage(image, { source: text, http, context: { ...context, checksum } })
  })
}

/** By its name, or by what the server says that it is: nothing of it is read. */
async function isCatalogue(url: string, http: HttpClient, { emit, signal }: FetchContext): Promise<boolean> {
  if (/\.json$/i.test(new URL(url).pathname)) return true
  const type = await withRetries({ emit, signal }, async () => {
    const response = await expectSuccess(await http.request({ url, signal }))
    await response.discard()
    return response.headers['content-type'] ?? ''
  })
  return /^application\/(json|[\w.-]+\+json)\b/i.test(type)
}

function onlyBox(catalogue: Catalogue, url: string, { arch }: FetchContext) {
  const [box, ...more] = catalogue.values()
  if (box !== undefined && more.length === 0) return { box, image: chooseImage(box, { wanted: [], arch }) }
  throw new PosadaError(
    'E_CATALOGUE',
    `${shownUrl(url)} is a catalogue of ${catalogue.size} boxes, not of one box`,
    {
      value: shownUrl(url),
      hint: 'list it under catalogues: in the manifest, and name one of its boxes',
    },
  )
}
