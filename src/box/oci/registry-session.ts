import type { HttpClient, HttpRequest, HttpResponse } from '../../http/index.ts'
import { authorize, refused } from './authenticate.ts'
import { parseChallenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { scopeOf } from './scope.ts'

export interface SessionOptions {
  /** Host, with its port where one is given. */
  registry: string
  repository: string
  /** What is to be done there. */
  actions: 'pull' | 'pull,push'
  credentials: () => Promise<Credentials | null>
  http: HttpClient
  signal: AbortSignal
}

/** Requests to one repository of a registry, which are shown what a login there gave. E_TRANSFER, E_REGISTRY_AUTH. */
export class RegistrySession {
  readonly #options: SessionOptions
  /** What the registry was last shown; a promise, so that many requests at once log in once. */
  #authorization: Promise<string> | null = null

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Answers a challenge once, whoever of many requests meets it. */
  async send(request: Omit<HttpRequest, 'signal'>, withCredentials = true): Promise<HttpResponse> {
    const { http, signal, registry } = this.#options
    if (!withCredentials) return http.request({ ...request, signal })
    const shown = this.#authorization
    const first = await http.request({
      ...request,
      signal,
      ...(shown === null ? {} : { authorization: await shown }),
    })
    // A challenge counts from the registry itself: where a redirect leads is not to be shown its credentials.
    if (first.status !== 401 || !isAt(first, request)) return first
    await first.discard()
    const newer = this.#authorization === shown ? null : this.#authorization
    const authorization = await (newer ?? this.#logIn(first.headers['www-authenticate'] ?? ''))
    const second = await http.request({ ...request, signal, authorization })
    if ((second.status !== 401 && second.status !== 403) || !isAt(second, request)) return second
    await second.discard()
    throw refused(
      registry,
      `denied ${this.#options.actions === 'pull' ? 'read' : 'write'} access to ${this.#options.repository}`,
    )
  }

  /** A login that failed is not kept: the next request tries again. */
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
    if (challenge === null) throw refused(registry, 'asks for an unknown kind of login')
    const scope = scopeOf(repository, actions)
    return authorize(challenge, { registry, scope, credentials: await credentials(), http, signal })
  }
}

/** Whether the answer came from where it was asked for, and not from where a redirect led. */
function isAt({ url }: HttpResponse, asked: Pick<HttpRequest, 'url'>): boolean {
  return url.origin === new URL(asked.url).origin
}
