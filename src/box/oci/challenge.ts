/** What a registry asks for. Source: RFC 9110, 11.6.1; distribution specification, "Token Authentication". */
export type Challenge =
  | { scheme: 'basic' }
  /** A token is had at `realm`. */
  | { scheme: 'bearer'; realm: string; service: string | null; scope: string | null }

/** Reads a WWW-Authenticate header; a bearer challenge comes first where there are several. null: none that is known. */
export function parseChallenge(header: string): Challenge | null {
  const text = header.slice(0, 4000)
  const bearer = /(?:^|,\s*)Bearer\s+(.*)$/i.exec(text)
  if (bearer !== null) {
    const fields = new Map<string, string>()
    for (const [, key = '', quoted, bare] of (bearer[1] ?? '').matchAll(
      /([a-z_]+)=(?:"([^"]*)"|([^\s,"]+))/gi,
    ))
      if (!fields.has(key.toLowerCase())) fields.set(key.toLowerCase(), quoted ?? bare ?? '')
    const realm = fields.get('realm')
    if (realm !== undefined && URL.canParse(realm))
      return {
        scheme: 'bearer',
        realm,
        service: fields.get('service') ?? null,
        scope: fields.get('scope') ?? null,
      }
  }
  return /(?:^|,\s*)Basic\b/i.test(text) ? { scheme: 'basic' } : null
}
