import { createHash } from 'node:crypto'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import { expectSuccess, type HttpResponse, withRetries } from '../../http/index.ts'
import { isLoopback } from '../../lib/net/loopback.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import type { Descriptor } from './descriptor.ts'
import { indexTypes, manifestTypes, mediaTypes } from './media-types.ts'
import { expectDone, wrongDigest, wrongSize } from './registry-failures.ts'
import { RegistrySession, type SessionOptions } from './registry-session.ts'

/** A manifest or an index as it came. */
export interface FoundManifest {
  mediaType: string
  bytes: Buffer
  digest: string
}

export interface RegistryOptions extends SessionOptions {
  emit: Emit
}

/** Bytes of a manifest or an index: what registries take. */
const manifestLimit = 4 * 2 ** 20

/**
 * One repository of a registry. Source: OCI distribution specification 1.1. All digests of what comes are
 * checked here, and what failed in a way that may pass is tried again. E_TRANSFER, E_CHECKSUM, E_REGISTRY_AUTH.
 */
export class Registry {
  readonly #options: RegistryOptions
  readonly #base: string
  readonly #session: RegistrySession

  constructor(options: RegistryOptions) {
    this.#options = options
    const { registry, repository } = options
    const isDockers = registry === 'docker.io'
    const host = isDockers ? 'registry-1.docker.io' : registry
    const path = isDockers && !repository.includes('/') ? `library/${repository}` : repository
    const scheme = isLoopback({ hostname: new URL(`http://${host}`).hostname }) ? 'http' : 'https'
    this.#base = `${scheme}://${host}/v2/${path}`
    this.#session = new RegistrySession({ ...options, repository: path })
  }

  /** By tag or digest; null where there is none. `size` is what a descriptor says. */
  manifest(reference: string, size?: number): Promise<FoundManifest | null> {
    const url = `${this.#base}/manifests/${reference}`
    const headers = { accept: manifestTypes.join(', ') }
    return this.#retrying(async () => {
      const response = await this.#session.send({ url, headers })
      if (response.status === 404) {
        await response.discard()
        return null
      }
      await expectSuccess(response)
      const bytes = await response.bytes(Math.min(size ?? manifestLimit, manifestLimit))
      const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (reference.startsWith('sha256:') && reference !== digest)
        throw wrongDigest(response, reference, digest)
      return { mediaType: mediaTypeOf(response, bytes), bytes, digest }
    })
  }

  /** Puts a manifest under a tag or its digest. */
  putManifest(
    reference: string,
    { mediaType, bytes }: Pick<FoundManifest, 'mediaType' | 'bytes'>,
  ): Promise<void> {
    const url = `${this.#base}/manifests/${reference}`
    const headers = { 'content-type': mediaType }
    return this.#retrying(async () =>
      this.#done(await this.#session.send({ url, method: 'PUT', headers, body: bytes, resend: true })),
    )
  }

  /** The whole of a blob, checked, in `bytes`, which has its size. Returns that. */
  blob(
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    bytes: Buffer = Buffer.allocUnsafeSlow(size),
  ): Promise<Buffer> {
    return this.#retrying(async () => {
      const response = await expectSuccess(await this.#session.send({ url: this.#blobUrl(digest) }))
      const hash = createHash('sha256')
      let got = 0
      try {
        for await (const piece of response.body) {
          if (got + piece.length > size) throw wrongSize(response, `more than the expected ${size} bytes`)
          bytes.set(piece, got)
          hash.update(piece)
          got += piece.length
        }
      } finally {
        await response.discard()
      }
      if (got < size) throw wrongSize(response, `${got} bytes of ${size}`)
      const found = `sha256:${hash.digest('hex')}`
      if (found !== digest) throw wrongDigest(response, digest, found)
      return bytes
    })
  }

  hasBlob(digest: string): Promise<boolean> {
    return this.#retrying(async () => {
      const response = await this.#session.send({ url: this.#blobUrl(digest), method: 'HEAD' })
      await response.discard()
      if (response.status === 404) return false
      await expectSuccess(response)
      return true
    })
  }

  /** Source: OCI distribution specification 1.1, "POST then PUT". */
  putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    return this.#retrying(async () => {
      const started = await this.#session.send({
        url: `${this.#base}/blobs/uploads/`,
        method: 'POST',
        body: new Uint8Array(0),
        resend: true,
      })
      const { location = '' } = (await expectSuccess(started)).headers
      await started.discard()
      const url = uploadUrl(location, started.url)
      url.searchParams.set('digest', digest)
      const isOwn = url.origin === new URL(this.#base).origin
      const headers = { 'content-type': 'application/octet-stream' }
      await this.#done(
        await this.#session.send({ url, method: 'PUT', headers, body: bytes, resend: true }, isOwn),
      )
    })
  }

  #blobUrl(digest: string): URL {
    return new URL(`${this.#base}/blobs/${digest}`)
  }

  #retrying<T>(work: () => Promise<T>): Promise<T> {
    return withRetries(this.#options, work)
  }

  async #done(response: HttpResponse): Promise<void> {
    await expectDone(response)
    await response.discard()
  }
}

/** What the body says, where the answer does not: some registries send manifests as plain JSON. */
function mediaTypeOf(response: HttpResponse, bytes: Buffer): string {
  const type = response.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (indexTypes.includes(type)) return mediaTypes.index
  if (type === mediaTypes.manifest) return type
  return bytes.includes('"manifests"') && !bytes.includes('"layers"') ? mediaTypes.index : mediaTypes.manifest
}

function uploadUrl(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : null
  const isSafe =
    url !== null && (url.protocol === 'https:' || (url.protocol === from.protocol && isLoopback(url)))
  if (location !== '' && url !== null && isSafe) return url
  throw new PosadaError('E_TRANSFER', `${from.host} gave no upload location`, {
    value: url === null ? from.host : shownUrl(url),
    hint: 'tell the registry’s administrator',
  })
}
