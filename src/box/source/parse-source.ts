import { resolve } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { shownUrl } from '../../lib/net/shown-url.ts'
import { withoutCredentials } from '../../lib/net/url-credentials.ts'
import { parseWebAddress } from '../../lib/net/web-address.ts'
import { maskedText } from '../../lib/text/masked-text.ts'
import { namePattern } from '../../lib/values/box-names.ts'
import { type Constraint, constraintsText, parseConstraints } from './constraint.ts'
import type { BoxSource, OciSource } from './model.ts'

/** Characters that the name of a box may have, a URL included. */
export const sourceLimit = 2000

/**
 * What a user wrote for a box. A path begins with `/`, `./` or `../`, and is laid on `folder` (the
 * manifest's, or the working one). Looks at nothing on disk. E_BOX_SOURCE says what is wrong.
 */
export function parseBoxSource(text: string, folder: string): BoxSource {
  if (text.length > sourceLimit) throw wrong(text, `it has more than ${sourceLimit} characters`)
  if (/^\.{0,2}\//.test(text)) return { kind: 'file', text, path: resolve(folder, text) }
  if (/^https?:\/\//i.test(text)) return parseUrl(text)
  if (text.startsWith('oci://')) return parseOci(text)
  if (text.startsWith('vagrant:'))
    return { kind: 'vagrant', ...parseNamed(text, text.slice(8), /^[\w.-]{1,64}\/[\w.-]{1,64}$/) }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)
  if (scheme !== null)
    throw wrong(text, `boxes cannot be fetched by ${scheme[1]}`, 'use https://, oci:// or vagrant:')
  return { kind: 'name', ...parseNamed(text, text, namePattern) }
}

/** The source again, as it stands in lock files and messages: parseable, without credentials and checksum. */
export function sourceText(source: BoxSource): string {
  switch (source.kind) {
    case 'file':
      return source.text
    case 'url':
      return withoutCredentials(source.url)
    case 'oci': {
      const { registry, repository, tag, digest } = source
      return `oci://${registry}/${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@${digest}`}`
    }
    case 'name':
    case 'vagrant': {
      const version = source.wanted.length === 0 ? '' : `@${constraintsText(source.wanted)}`
      return `${source.kind === 'vagrant' ? 'vagrant:' : ''}${source.name}${version}`
    }
  }
}

/** The same with the checksum: other bytes are another box. For states of machines. */
export function sourceWithChecksum(source: BoxSource): string {
  const checksum = source.kind === 'url' ? source.checksum : null
  return checksum === null
    ? sourceText(source)
    : `${sourceText(source)}#${checksum.algorithm}=${checksum.hex}`
}

function parseNamed(text: string, rest: string, pattern: RegExp): { name: string; wanted: Constraint[] } {
  const at = rest.indexOf('@')
  const name = at < 0 ? rest : rest.slice(0, at)
  if (!pattern.test(name)) throw wrong(text)
  const wanted = at < 0 ? [] : parseConstraints(rest.slice(at + 1))
  if (wanted === null)
    throw wrong(
      text,
      `'${rest.slice(at + 1).slice(0, 100)}' is not a version`,
      "versions are digits and dots, as in debian/12@20261122.1 or 'debian/12@>= 2026, < 2027'",
    )
  return { name, wanted }
}

function parseUrl(text: string): BoxSource {
  const address = parseWebAddress(text)
  if ('problem' in address) throw wrong(shownText(text), address.problem, address.hint)
  return { kind: 'url', ...address }
}

/** What stands behind `#` may be anything. */
function shownText(text: string): string {
  return URL.canParse(text) ? shownUrl(text) : text
}

const hostPattern =
  /^(?=.{1,255}$)([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(:\d{1,5})?$/
/** Source: OCI distribution specification 1.1, "Pulling manifests". */
const repositoryPattern =
  /^(?=.{1,255}$)[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/
const tagPattern = /^\w[\w.-]{0,127}$/

function parseOci(text: string): OciSource {
  const [place = '', digest = null, ...more] = text.slice('oci://'.length).split('@')
  const slash = place.indexOf('/')
  const registry = place.slice(0, slash)
  const [repository = '', tag = null, ...rest] = place.slice(slash + 1).split(':')
  const sound =
    slash > 0 &&
    more.length === 0 &&
    rest.length === 0 &&
    hostPattern.test(registry) &&
    repositoryPattern.test(repository)
  if (!sound || (tag !== null && !tagPattern.test(tag)))
    throw wrong(
      text,
      'it is not a registry reference',
      'write oci://registry.example.com/team/box:1.2; user and password come from docker login',
    )
  if (digest !== null && !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw wrong(text, 'what follows @ is not a digest', 'write @sha256: and 64 hexadecimal digits')
  return { kind: 'oci', registry, repository, tag: tag ?? (digest === null ? 'latest' : null), digest }
}

function wrong(text: string, problem?: string, hint?: string): PosadaError {
  const shown = maskedText(text).slice(0, 150)
  return new PosadaError(
    'E_BOX_SOURCE',
    `'${shown}' does not name a box${problem === undefined ? '' : `: ${problem}`}`,
    {
      value: shown,
      hint:
        hint ??
        'write a name such as debian/12, a path such as ./box.tar, or an address that begins with https:// or oci://',
    },
  )
}
