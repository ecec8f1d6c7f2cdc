import { parseBoxSource, type StoredBox } from '../../box/index.ts'
import { isPosadaError } from '../../errors/index.ts'
import { waitAfter } from '../../http/index.ts'
import { withCredentialsOf } from '../../lib/net/url-credentials.ts'
import type { LockedBox } from '../../project/index.ts'
import type { BoxSupply, Declared, FetchBox, Places } from '../project.ts'
import { mismatch } from './lock-mismatch.ts'
import { termsOf, type WantedBox } from './wanted-box.ts'

/**
 * Gets the very box that posada.lock names from where it came from, and nothing else. E_LOCK_MISMATCH and what
 * fetching throws.
 */
export async function fetchLocked(
  project: Declared & Places & BoxSupply,
  wanted: WantedBox,
  locked: LockedBox,
): Promise<StoredBox> {
  const { config, source, key } = wanted
  // With the credentials that the manifest has; the lock has none.
  const isSame = locked.url === undefined || (source.kind === 'url' && locked.url === key)
  const from = isSame ? source : parseBoxSource(addressOf(project, locked), '/')
  const { name, version } = locked
  const terms = {
    ...config.boxTerms,
    ...(locked.checksum === undefined ? {} : { checksum: locked.checksum }),
    facts: { ...config.boxTerms.facts, ...locked.facts, name, version },
  }
  const accept = (digest: string) => {
    if (digest === locked.digest) return
    throw mismatch(project, locked, { digest, what: `${locked.url ?? key} served a different box` })
  }
  const remembered = source.kind === 'file' ? source.path : key
  const options = { ...termsOf(wanted), terms, source: remembered, accept }
  const fetched = await project
    .fetchBox(from, options)
    .catch((error: unknown) => askAgain(project, wanted, { options, version, error }))
  accept(fetched.digest)
  return fetched
}

/**
 * The catalogue knows where the same version is now, if it has moved, and the parameters for access
 * there, which the lock does not have. Throws `error` where that does not help.
 */
async function askAgain(
  project: BoxSupply,
  { source }: WantedBox,
  { options, version, error }: { options: Parameters<FetchBox>[1]; version: string; error: unknown },
): Promise<StoredBox> {
  const isNamed = source.kind === 'name' || source.kind === 'vagrant'
  if (!isNamed || !isPosadaError(error, 'E_TRANSFER') || waitAfter(error) !== null) throw error
  try {
    return await project.fetchBox({ ...source, wanted: [{ operator: '=', version }] }, options)
  } catch (again) {
    throw isPosadaError(again, 'E_LOCK_MISMATCH') || !isPosadaError(again) ? again : error
  }
}

/**
 * With the credentials that the manifest has for a catalogue on the same server: the lock has none. A mirror
 * without https is as good as another where the checksum is known.
 */
function addressOf({ manifest }: Declared, { url = '', checksum }: LockedBox): string {
  if (!/^https?:/.test(url)) return url
  const whole = withCredentialsOf(url, manifest.catalogues)
  return checksum === undefined ? whole : `${whole}#${checksum.replace(':', '=')}`
}
