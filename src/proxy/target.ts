import { type Destination, parseDestination } from './destination.ts'

/** Where a request goes, and what it asks for there, each in the client's own words. */
export interface Target {
  to: Destination
  /** For the Host field: as in the target, without a user's name. */
  authority: string
  /** Path and query as the client wrote them: no dot segment resolved, nothing encoded or decoded. */
  path: string
}

/**
 * Takes an absolute target apart (RFC 9112, 3.2.2): `http://web/…` and nothing else, for with `https:` a client uses
 * CONNECT. Null for anything else. Pure.
 */
export function parseTarget(target: string, method: string): Target | null {
  const [, whole, rest = ''] = /^http:\/\/([^/?#]+)([^#]*)/i.exec(target) ?? []
  const authority = whole?.slice(whole.lastIndexOf('@') + 1)
  if (authority === undefined) return null
  const to = parseDestination(/:\d+$/.test(authority) ? authority : `${authority.replace(/:$/, '')}:80`)
  if (to === null) return null
  if (rest === '') return { to, authority, path: method === 'OPTIONS' ? '*' : '/' }
  return { to, authority, path: rest.startsWith('/') ? rest : `/${rest}` }
}
