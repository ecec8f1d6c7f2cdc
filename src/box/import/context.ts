import type { Emit } from '../../events/index.ts'
import type { Arch } from '../../lib/values/arch.ts'
import type { Checksum } from '../../lib/values/checksum.ts'
import type { BoxFacts } from '../model.ts'
import type { AdmitOptions } from '../store/admit.ts'
import type { UsedBy } from '../store/place.ts'
import type { RefOrigin } from '../store/refs.ts'
import type { BoxStore } from '../store.ts'

/** What every way of getting a box works with. */
export interface FetchContext {
  store: BoxStore
  arch: Arch
  emit: Emit
  signal: AbortSignal
  /** For proxies, and for the folders of other programs' settings. */
  env: NodeJS.ProcessEnv
  /** Addresses of catalogues that are asked before Posada's own, in this order. */
  catalogues: readonly string[]
  /** What the download must hash to, where the user or a lock file says so. */
  checksum?: Checksum | null
  /** Accepts a download without a checksum. */
  unchecked?: boolean
  /** Replaces a box of the same name and version. */
  force?: boolean
  /** The machines that stand on a box: what they stand on stays, also when its name leads elsewhere. */
  usedBy?: UsedBy
  /** The names that the box was asked for by; see AdmitOptions. Absent: it is added by hand. */
  names?: readonly string[]
  /** Told the box's digest before the store lets anything lead to it; may throw. */
  accept?: (digest: string) => void
  /** What the box is remembered under, where that is not the source itself. */
  source?: string
  /** What the user calls it, where that is not for the source to say. */
  facts?: BoxFacts
}

/** How the store takes what was fetched. */
export function admitOptions<T extends RefOrigin>(
  { force = false, usedBy, names, accept }: FetchContext,
  origin: T,
): AdmitOptions & { origin: T } {
  return {
    force,
    origin,
    ...(usedBy === undefined ? {} : { usedBy }),
    ...(names === undefined ? {} : { names }),
    ...(accept === undefined ? {} : { accept }),
  }
}
