import { PosadaError } from '../../errors/index.ts'
import { expectSuccess, type HttpClient } from '../../http/index.ts'
import { isLoopback } from '../../lib/net/loopback.ts'
import { asObject } from '../../lib/values/as-object.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { joinScopes } from './scope.ts'

export interface Login {
  registry: string
  /** `repository:team/shop:pull,push`. */
  scope: string
  credentials: Credentials | null
  http: HttpClient
  signal: AbortSignal
}

/**
 * What to put into the Authorization header to answer a challenge: the credentials themselves, or a token that
 * they are shown for at the realm. E_REGISTRY_AUTH where there are none or they are refused.
 * Source: distribution, docs/spec/auth: token.md and oauth.md.
 */
export async function authorize(challenge: Challenge, login: Login): Promise<string> {
  const { registry, credentials } = login
  if (challenge.scheme === 'basic') {
    if (credentials?.kind === 'basic') return basic(credentials)
    throw refused(
      registry,
      credentials === null ? 'asks for a user and a password' : 'does not accept tokens',
    )
  }
  const realm = new URL(challenge.realm)
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && isLoopback(realm)))
    throw refused(registry, `asks for its credentials to be sent to ${realm.protocol}//${realm.host}`)
  const scopes = joinScopes(login.scope, challenge.scope)
  const service = challenge.service === null ? {} : { service: challenge.service }
  return `Bearer ${await (credentials?.kind === 'identity'
    ? exchange(realm, { ...service, scope: scopes.join(' '), refresh_token: credentials.token }, login)
    : ask(realm, [...Object.entries(service), ...scopes.map((one) => ['scope', one] as const)], login))}`
}

/** Asks with user and password, or with nothing: what is public needs a token too. */
async function ask(
  realm: URL,
  fields: readonly (readonly [string, string])[],
  login: Login,
): Promise<string> {
  const url = new URL(realm)
  for (const [key, value] of fields) url.searchParams.append(key, value)
  const { credentials, http, signal } = login
  const own = credentials?.kind === 'basic' ? { authorization: basic(credentials) } : {}
  return tokenOf(await http.request({ url, signal, ...own }), login)
}

async function exchange(url: URL, fields: Record<string, string>, login: Login): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'posada', ...fields })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return tokenOf(
    await login.http.request({ url, method: 'POST', headers, body: body.toString(), signal: login.signal }),
    login,
  )
}

async function tokenOf(
  response: Awaited<ReturnType<HttpClient['request']>>,
  { registry, credentials }: Login,
): Promise<string> {
  // What may pass is tried again; a refusal is not.
  if (response.status >= 500 || response.status === 429 || response.status === 408)
    await expectSuccess(response)
  const text = (await response.bytes(1024 * 1024)).toString('utf8')
  if (response.status !== 200)
    throw refused(
      registry,
      `refused to give a token (${response.status})`,
      credentials === null ? undefined : 'the password may be wrong, or the user may lack permission',
    )
  const data = parse(text)
  const { token, access_token: access } = asObject(data)
  const found = typeof token === 'string' ? token : access
  if (typeof found !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(found))
    throw refused(registry, 'gave an unusable token')
  return found
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function basic({ user, password }: { user: string; password: string }): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

export function refused(registry: string, what: string, hint?: string): PosadaError {
  return new PosadaError('E_REGISTRY_AUTH', `the registry ${registry} ${what}`, {
    value: registry,
    hint:
      hint ??
      `log in with: docker login ${registry} (or podman login --compat-auth-file ~/.docker/config.json ${registry})`,
  })
}
