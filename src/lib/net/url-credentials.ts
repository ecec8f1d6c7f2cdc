/**
 * Parameters of a query that grant access: access tokens, keys of an API, what signs a URL. AWS, Google and
 * Microsoft sign with several (`X-Amz-…`), which are of no use once they have expired. `key` alone may as well
 * say which file is meant.
 */
const secretName =
  /^(x-(amz|goog|ms)-.*|(.*[-_.])?(token|secret|sig|signature|pass|passwd|password|auth|authorization|credentials?|(api|access|private|secret|subscription)[-_.]?key|accesskeyid|awsaccesskeyid|session|jwt))$/i

/** A URL without user, password and secret parameters, to be written down and compared. */
export function withoutCredentials(url: string): string {
  const parsed = new URL(url)
  parsed.username = ''
  parsed.password = ''
  const secret = secretsOf(parsed)
  // A query that is left alone stays as it was written.
  for (const [name] of secret) parsed.searchParams.delete(name)
  return parsed.href
}

/**
 * A URL that was written down, with the credentials again that a user gives for another one on the same
 * server: scheme, host and port are equal. What the URL says itself stays.
 */
export function withCredentialsOf(url: string, known: readonly string[]): string {
  const parsed = new URL(url)
  for (const text of known) {
    const other = URL.canParse(text) ? new URL(text) : null
    if (other === null || other.origin !== parsed.origin || other.origin === 'null') continue
    if (parsed.username === '' && parsed.password === '') {
      parsed.username = other.username
      parsed.password = other.password
    }
    for (const [name, value] of secretsOf(other))
      if (!parsed.searchParams.has(name)) parsed.searchParams.set(name, value)
  }
  return parsed.href
}

function secretsOf({ searchParams }: URL): [string, string][] {
  return [...searchParams].filter(([name]) => secretName.test(name))
}
