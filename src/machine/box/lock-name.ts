import { withoutCredentials } from '../../lib/net/url-credentials.ts'

/** What a user names a box, a base manifest or a script by, as posada.lock has it: URLs without credentials and checksum. */
export function lockName(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return given
  url.hash = ''
  return withoutCredentials(url.href)
}
