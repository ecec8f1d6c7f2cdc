import { createHash } from 'node:crypto'
import { PosadaError } from '../../errors/index.ts'
import type { Emit } from '../../events/index.ts'
import type { HttpClient, HttpRequest } from '../http/client.ts'
import { expectSuccess, type HttpResponse } from '../http/response.ts'
import { withRetries } from '../http/retry.ts'
import { isLoopback, shownUrl } from '../source/shown-url.ts'
import { authorize, refused } from './authenticate.ts'
import { parseChallenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import type { Descriptor } from './descriptor.ts'
import { mediaTypes } from './media-types.ts'

/** A manifest or an index as it came. */
export interface FoundManifest {
  mediaType: string
  bytes: Buffer
  digest: string
}

export interface RegistryOptions {
  /** Host, with its port where one is given. */
  registry: string
  repository: string
  /** What is to be done there. */
  actions: 'pull' | 'pull,push'
  credentials: () => Promise<Credentials | null>
  http: HttpClient
  emit: Emit
  signal: AbortSignal
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
  /** What the registry was last shown; a promise, so that many requests at once log in once. */
  #authorization: Promise<string> | null = null

  constructor(options: RegistryOptions) {
    this.#options = options
    const { registry, repository } = options
    const isDockers = registry === 'docker.io'
    const host = isDockers ? 'registry-1.docker.io' : registry
    const path = isDockers && !repository.includes('/') ? `library/${repository}` : repository
    const scheme = isLoopback({ hostname: new URL(`http://${host}`).hostname }) ? 'http' : 'https'
    this.#base = `${scheme}://${host}/v2/${path}`
  }

  /** By tag or digest; null where there is none. `size` is what a descriptor says. */
  manifest(reference: string, size?: number): Promise<FoundManifest | null> {
    const url = `${this.#base}/manifests/${reference}`
    const headers = { accept: `${mediaTypes.manifest}, ${mediaTypes.index}` }
    return this.#retrying(async () => {
      const response = await this.#send({ url, headers })
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
      this.#done(await this.#send({ url, method: 'PUT', headers, body: bytes })),
    )
  }

  /** The whole of a blob, checked, in `bytes`, which has its size. Returns that. */
  blob(
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    bytes: Buffer = Buffer.allocUnsafeSlow(size),
  ): Promise<Buffer> {
    return this.#retrying(async () => {
      const response = await expectSuccess(await this.#send({ url: this.#blobUrl(digest) }))
      const hash = createHash('sha256')
      let got = 0
      try {
        for await (const piece of response.body) {
          if (got + piece.length > size)
            throw wrongSize(response, `more than the ${size} bytes that it should have`)
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
      const response = await this.#send({ url: this.#blobUrl(digest), method: 'HEAD' })
      await response.discard()
      if (response.status === 404) return false
      await expectSuccess(response)
      return true
    })
  }

  /** Source: OCI distribution specification 1.1, "POST then PUT". */
  putBlob(digest: string, bytes: Uint8Array): Promise<void> {
    return this.#retrying(async () => {
      const started = await this.#send({
        url: `${this.#base}/blobs/uploads/`,
        method: 'POST',
        body: new Uint8Array(0),
      })
      const { location = '' } = (await expectSuccess(started)).headers
      await started.discard()
      const url = uploadUrl(location, started.url)
      url.searchParams.set('digest', digest)
      const isOwn = url.origin === new URL(this.#base).origin
      const headers = { 'content-type': 'application/octet-stream' }
      await this.#done(await this.#send({ url, method: 'PUT', headers, body: bytes }, isOwn))
    })
  }

  #blobUrl(digest: string): URL {
    return new URL(`${this.#base}/blobs/${digest}`)
  }

  #retrying<T>(work: () => Promise<T>): Promise<T> {
    return withRetries(this.#options, work)
  }

  async #done(response: HttpResponse): Promise<void> {
    await explainRefusal(response)
    await response.discard()
  }

  /** Answers a challenge once, whoever of many requests meets it. */
  async #send(request: Omit<HttpRequest, 'signal'>, withCredentials = true): Promise<HttpResponse> {
    const { http, signal, registry } = this.#options
    if (!withCredentials) return http.request({ ...request, signal })
    const shown = this.#authorization
    const first = await http.request({
      ...request,
      signal,
      ...(shown === null ? {} : { authorization: await shown }),
    })
    if (first.status !== 401) return first
    await first.discard()
    const newer = this.#authorization === shown ? null : this.#authorization
    const authorization = await (newer ?? this.#logIn(first.headers['www-authenticate'] ?? ''))
    const second = await http.request({ ...request, signal, authorization })
    if (second.status !== 401 && second.status !== 403) return second
    await second.discard()
    throw refused(
      registry,
      `does not allow ${this.#options.actions === 'pull' ? 'reading' : 'writing'} ${this.#options.repository}`,
    )
  }

  /** A login that failed is not kept: the next request tries anew. */
  #logIn(header: string): Promise<string> {
    const answer = this.#answer(header)
    this.#authorization = answer
    answer.catch(() => {
      if (this.#authorization === answer) this.#authorization = null
    })
    return answer
  }

  async #answer(header: string): Promise<string> {
    const { registry, repository, actions, credentials, http, signal } = this.#options
    const challenge = parseChallenge(header)
    if (challenge === null) throw refused(registry, 'asks for a login of a kind that is not known')
    const scope = `repository:${repository}:${actions}`
    return authorize(challenge, { registry, scope, credentials: await credentials(), http, signal })
  }
}

/** What the body says, where the answer does not: some registries send manifests as plain JSON. */
function mediaTypeOf(response: HttpResponse, bytes: Buffer): string {
  const type = response.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === mediaTypes.manifest || type === mediaTypes.index) return type
  return bytes.includes('"manifests"') && !bytes.includes('"layers"') ? mediaTypes.index : mediaTypes.manifest
}

function uploadUrl(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from.href) : null
  const isSafe =
    url !== null && (url.protocol === 'https:' || (url.protocol === from.protocol && isLoopback(url)))
  if (location !== '' && url !== null && isSafe) return url
  throw new PosadaError('E_TRANSFER', `${from.host} names no place to upload to`, {
    value: url === null ? from.host : shownUrl(url),
    hint: 'tell whoever runs the registry',
  })
}

/** E_TRANSFER with the registry's own words. Source: OCI distribution specification 1.1, "Error Codes". */
async function explainRefusal(response: HttpResponse): Promise<void> {
  const { status, url } = response
  if (status < 400 || status >= 500 || status === 408 || status === 429) {
    await expectSuccess(response)
    return
  }
  const words = wordsOf((await response.bytes(65_536)).toString('utf8'))
  throw new PosadaError('E_TRANSFER', `the registry ${url.host} refuses this (${status})`, {
    value: shownUrl(url),
    details: words,
    hint: words.length > 0 ? 'the registry says why' : 'check the address and what you may do there',
  })
}

function wordsOf(text: string): string[] {
  try {
    const data = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] } | null
    const errors = Array.isArray(data?.errors) ? data.errors : []
    return errors
      .slice(0, 5)
      .map(({ code, message }) => `${code}: ${message}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 300))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return []
    throw error
  }
}

function wrongSize({ url }: HttpResponse, what: string): PosadaError {
  return new PosadaError('E_CHECKSUM', `${shownUrl(url)} sends ${what}`, {
    value: shownUrl(url),
    hint: 'nothing of it was kept; run the command again, and if it stays so tell whoever runs the registry',
  })
}

function wrongDigest({ url }: HttpResponse, expected: string, got: string): PosadaError {
  return new PosadaError('E_CHECKSUM', `${shownUrl(url)} is not what its digest says`, {
    value: shownUrl(url),
    details: [`expected ${expected}`, `got      ${got}`],
    hint: 'nothing of it was kept; run the command again, and if it stays so tell whoever runs the registry',
  })
}
