/** What a registry asks for. Source: RFC 9110, 11.6.1; distribution specification, "Token Authentication". */
export type Challenge =
  | { scheme: 'basic' }
  /** A token is had at `realm`. */
  | { scheme: 'bearer'; realm: string; service: string | null; scope: string | null }

/**
 * Reads WWW-Authenticate, whose lines may have come as one list; a bearer challenge is taken before a basic one.
 * null: none that is known.
 */
export function parseChallenge(header: string): Challenge | null {
  const all = challenges(header.slice(0, 8000))
  for (const { scheme, fields } of all) {
    const realm = fields.get('realm')
    if (scheme === 'bearer' && realm !== undefined && URL.canParse(realm))
      return { scheme, realm, service: fields.get('service') ?? null, scope: fields.get('scope') ?? null }
  }
  return all.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : null
}

/** Schemes in lower case, each with its parameters; of one that is there twice the first. */
function challenges(text: string): { scheme: string; fields: Map<string, string> }[] {
  const found: { scheme: string; fields: Map<string, string> }[] = []
  for (const [item] of text.matchAll(/(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g)) {
    // A scheme begins with a word that no `=` follows; its first parameter may stand behind it.
    const [, scheme, rest = ''] = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\s+([^=\s].*))?\s*$/s.exec(item) ?? []
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), fields: new Map() })
    const [, name, quoted, bare = ''] =
      /^\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))\s*$/s.exec(scheme === undefined ? item : rest) ??
      []
    const fields = found.at(-1)?.fields
    const key = name?.toLowerCase()
    if (key !== undefined && fields?.has(key) === false)
      fields.set(key, quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'))
  }
  return found
}
