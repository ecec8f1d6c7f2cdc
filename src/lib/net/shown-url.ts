import { percentDecoded } from '../text/percent.ts'

/** A URL as it may be printed and written down: without user, password, query values or fragment. */
export function shownUrl(url: string | URL): string {
  const parsed = new URL(url)
  parsed.username = ''
  parsed.password = ''
  parsed.hash = ''
  // Signed URLs carry their secret there.
  if (parsed.search !== '') parsed.search = '?…'
  return percentDecoded(parsed.href.replace('?%E2%80%A6', '?…'), decodeURI)
}
