import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { openHttp } from '../../http/index.ts'
import { exists } from '../../lib/files/folders.ts'
import { type Checksum, checksumText } from '../../lib/values/checksum.ts'
import { openPart, partKey, sweepParts } from '../download/part-file.ts'
import { transfer } from '../download/progress.ts'
import { admitOptions, type FetchContext } from '../import/context.ts'
import type { StoredBox } from '../model.ts'
import { keepChunks } from '../oci/chunk-list.ts'
import { dockerCredentials } from '../oci/credentials.ts'
import { localChunks } from '../oci/local-chunks.ts'
import { pullBox } from '../oci/pull.ts'
import { Registry } from '../oci/registry.ts'
import { type RemoteBox, resolveRemote } from '../oci/resolve.ts'
import type { OciSource } from '../source/model.ts'
import { sourceText } from '../source/parse-source.ts'
import { type AdmitOptions, admitBox, admitStored, checkFree } from '../store/admit.ts'
import type { RefOrigin } from '../store/refs.ts'
import { type StorePaths, storePaths } from '../store-paths.ts'

/**
 * Gets a box out of a registry. What it is called and whom it lets in stands in its box.json. Chunks that an
 * earlier command or another version in the store has are not fetched again.
 */
export async function fromOci(source: OciSource, context: FetchContext): Promise<StoredBox> {
  const { env, signal, arch, emit, store } = context
  const shown = sourceText(source)
  const paths = storePaths(store.dir)
  const http = openHttp({ env })
  try {
    const registry = new Registry({
      ...source,
      actions: 'pull',
      credentials: () => dockerCredentials(source, env),
      http,
      emit,
      signal,
    })
    const remote = await resolveRemote(registry, source, { arch, shown })
    checkDigest(remote, shown, context.checksum ?? null)
    const url = sourceText({ ...source, digest: remote.digest })
    const admit = admitOptions(context, { source: context.source ?? shown, origin: { url, checksum: null } })
    return await transfer('fetching', shown, emit).during(() =>
      take(remote, { paths, registry, shown, admit, context }),
    )
  } finally {
    await http.close()
  }
}

/** What a checksum is of, where the place is in a registry: the manifest, or the index of several. E_CHECKSUM. */
function checkDigest({ digest, manifestDigest }: RemoteBox, shown: string, checksum: Checksum | null): void {
  const wanted = checksum === null ? digest : checksumText(checksum)
  if (wanted === digest || wanted === manifestDigest) return
  throw new PosadaError('E_CHECKSUM', `${shown} does not match its checksum`, {
    value: shown,
    details: [`expected ${wanted}`, `got      ${digest}`],
    hint: 'the checksum of a box in a registry is the digest of its manifest: the part after @ in its address',
  })
}

interface Taking {
  paths: StorePaths
  registry: Registry
  shown: string
  admit: AdmitOptions & { origin: RefOrigin }
  context: FetchContext
}

async function take(remote: RemoteBox, taking: Taking): Promise<StoredBox> {
  const { paths, registry, shown, admit, context } = taking
  const { emit, signal } = context
  const digest = createHash('sha256').update(remote.json).digest('hex')
  // Other chunks would leave something between those of this manifest.
  const key = partKey(digest, remote.manifestDigest)
  const work = join(paths.downloads, `${key}.pull`)
  const there = await admitStored(paths, digest, admit)
  // A pull that was killed at its very end has left its parts, which are of no use any more.
  const leftovers = [work, join(paths.downloads, `${key}.part`)]
  const isClean = !(await Promise.all(leftovers.map(exists))).includes(true)
  if (there !== null && isClean) return there
  await checkFree(paths, { digest, manifest: remote.box }, admit)
  await sweepParts(paths.downloads)
  const onWait = () =>
    emit({
      type: 'notice',
      level: 'info',
      message: `waiting for another posada process that is fetching ${shown}`,
    })
  const pull = async () => {
    const local = await localChunks(paths, remote.box, signal)
    const options = { registry, work, local, shown, emit, signal }
    return admitBox(paths, (target) => pullBox(remote, target, options), admit)
  }
  const part = await openPart(paths.downloads, key, { signal, onWait })
  try {
    const isThere = there !== null || part.waited
    const box = (isThere ? await admitStored(paths, digest, admit) : null) ?? (await pull())
    await keepChunks(paths, digest, remote.chunks)
    await rm(work, { recursive: true, force: true })
    await part.remove()
    return box
  } finally {
    await part.handle.close()
  }
}
