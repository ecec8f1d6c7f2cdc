import { PosadaError } from '../../errors/index.ts'
import { type HttpClient, openHttp } from '../../http/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { withoutCredentials } from '../../lib/net/url-credentials.ts'
import { percentDecoded } from '../../lib/text/percent.ts'
import type { Checksum } from '../../lib/values/checksum.ts'
import { findChecksum } from '../catalogue/checksum-file.ts'
import type { CatalogueImage } from '../catalogue/model.ts'
import { readSmallText } from '../catalogue/read-catalogue.ts'
import { withDownload } from '../download/download.ts'
import type { Downloaded } from '../download/model.ts'
import { admitOptions, type FetchContext } from '../import/context.ts'
import type { BoxFacts, StoredBox } from '../model.ts'
import type { BoxOrigin, OriginFacts } from '../source/model.ts'
import { admitBox } from '../store/admit.ts'
import { findBySource } from '../store/find.ts'
import { storePaths } from '../store-paths.ts'
import { importFile } from './importers.ts'

/** Does `work` with an HTTP client of its own. */
export async function withHttp<T>(context: FetchContext, work: (http: HttpClient) => Promise<T>): Promise<T> {
  const http = openHttp({ env: context.env })
  try {
    return await work(http)
  } finally {
    await http.close()
  }
}

/**
 * Downloads a file, checks it, and puts the box that it holds into the store. `source`: what the user
 * named it by. E_UNCHECKED where it has no checksum, and whatever downloads and imports throw.
 */
export async function fetchImage(
  image: Omit<CatalogueImage, 'arch'>,
  { source, http, context }: { source: string; http: HttpClient; context: FetchContext },
): Promise<StoredBox> {
  const { store, arch, emit, signal } = context
  const paths = storePaths(store.dir)
  const checksum = context.checksum ?? (await checksumOf(image, http, context))
  if (checksum === null && context.unchecked !== true) throw unvouched(image.url)
  const facts = { ...image.facts, ...context.facts }
  const origin = (file: Downloaded) => ({
    source,
    origin: {
      url: withoutCredentials(image.url),
      checksum: checksum ?? { algorithm: 'sha256' as const, hex: file.sha256 },
      ...said(facts),
    },
  })
  return withDownload(
    { url: image.url, checksum, what: facts.name ?? nameOf(image.url) },
    { folder: paths.downloads, http, emit, signal },
    {
      use: (file) =>
        admitBox(
          paths,
          (folder) =>
            importFile(
              { path: file.path, shown: shownUrl(image.url), sha256: file.sha256, ours: true },
              folder,
              { facts: withVersion(facts, file), arch, emit, signal },
            ),
          admitOptions(context, origin(file)),
        ),
      again: () => findBySource(paths, { source, arch, checksum }),
    },
  )
}

/** What the catalogue says, or the file of checksums that it names. */
async function checksumOf(
  { url, checksum, checksums }: Omit<CatalogueImage, 'arch'>,
  http: HttpClient,
  { emit, signal }: FetchContext,
): Promise<Checksum | null> {
  if (checksum !== null || checksums === null) return checksum
  const { text } = await readSmallText(checksums, { http, emit, signal })
  const found = findChecksum(text, percentDecoded(new URL(url).pathname))
  if (found !== null) return found
  throw new PosadaError('E_UNCHECKED', `${shownUrl(checksums)} has no checksum for ${nameOf(url)}`, {
    value: shownUrl(checksums),
    hint: 'the publisher may have moved or renamed the file; look for a newer version of the catalogue',
  })
}

/** Of all that was said what a lock has to have besides name, version and architecture. */
function said({ description, user, firmware, image }: BoxFacts): Pick<BoxOrigin, 'facts'> {
  const facts: OriginFacts = {
    ...(description === undefined ? {} : { description }),
    ...(user === undefined ? {} : { user }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(image === undefined ? {} : { image }),
  }
  return Object.keys(facts).length === 0 ? {} : { facts }
}

/** What changes at its address has the time of the file as its version. */
function withVersion(facts: BoxFacts, { modified }: Downloaded): BoxFacts {
  if (facts.version !== undefined || facts.name === undefined || modified === null) return facts
  const [day = '', time = ''] = modified.toISOString().split('T')
  return { ...facts, version: `${day.replaceAll('-', '')}.${Number(time.slice(0, 5).replace(':', ''))}` }
}

function nameOf(url: string): string {
  return percentDecoded(new URL(url).pathname.split('/').at(-1) ?? '')
}

function unvouched(url: string): PosadaError {
  return new PosadaError('E_UNCHECKED', `there is no checksum for ${shownUrl(url)}`, {
    value: shownUrl(url),
    hint: 'add #sha256= and the checksum to the URL, or accept it without: --unchecked, in a manifest unchecked: true',
  })
}
