import { type Checksum, parseChecksum } from '../values/checksum.ts'
import { isLoopback } from './loopback.ts'

/** Where something is fetched from. */
export interface WebAddress {
  /** Without its fragment; may hold credentials, so it is shown by `shownUrl` only. */
  url: string
  /** What stood behind `#`: what has to come from there. Null: nothing was written. */
  checksum: Checksum | null
}

/** What a web address is wrong in: goes on after `…: `. */
export interface WebAddressFlaw {
  problem: string
  hint?: string
}

/**
 * `https://…`, a checksum behind `#` where one is given (`#sha256=…`). By `http://` only from this computer,
 * or with a checksum. A relative address is laid on `base`.
 */
export function parseWebAddress(text: string, base?: string): WebAddress | WebAddressFlaw {
  const url = URL.canParse(text, base) ? new URL(text, base) : null
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol))
    return { problem: 'it is not a URL' }
  const fragment = url.hash.slice(1)
  const checksum = fragment === '' ? null : parseChecksum(fragment)
  if (fragment !== '' && checksum === null)
    return {
      problem: 'what follows # is not a checksum',
      hint: 'write #sha256= and 64 hexadecimal digits',
    }
  if (url.protocol === 'http:' && checksum === null && !isLoopback(url))
    return {
      problem: 'what comes by http may have been changed on the way',
      hint: 'use https://, or put #sha256= and its checksum behind the URL',
    }
  url.hash = ''
  return { url: url.href, checksum }
}
