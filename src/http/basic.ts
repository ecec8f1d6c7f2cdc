import { percentDecoded } from '../lib/text/percent.ts'

/** The value of an Authorization header for the user and password in a URL; null: it has none. RFC 7617. */
export function basicAuthorization({ username, password }: URL): string | null {
  if (username === '' && password === '') return null
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}
