import { isPosadaError, PosadaError } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { expectSuccess, openHttp, withRetries } from '../http/index.ts'
import { shownUrl } from '../lib/net/shown-url.ts'
import type { WebAddress } from '../lib/net/web-address.ts'
import type { WebFileUse } from './model.ts'

export interface FetchOptions {
  /** For proxies and certificates. */
  env: NodeJS.ProcessEnv
  emit: Emit
  signal: AbortSignal
  /** Milliseconds before each further try. */
  delays?: readonly number[]
}

/** Every command of a project waits for its base manifest. */
const standardDelays = [500, 2000]
/** Milliseconds that the whole of it may take. */
const patience = 60_000

/** The bytes at an address. E_TRANSFER. */
export async function fetchBytes(
  { url, checksum }: WebAddress,
  { what, limit }: WebFileUse,
  { env, emit, signal, delays = standardDelays }: FetchOptions,
): Promise<Uint8Array> {
  const http = openHttp({ env })
  emit({ type: 'notice', level: 'info', message: `fetching ${what}, ${shownUrl(url)}` })
  try {
    return await withRetries({ emit, signal, delays }, async () => {
      const response = await expectSuccess(await http.request({ url, plain: checksum !== null, signal }))
      return response.bytes(limit, patience)
    })
  } catch (error) {
    throw isPosadaError(error, 'E_TRANSFER') ? notAtHand(url, what, error) : error
  } finally {
    await http.close()
  }
}

/** E_TRANSFER: it is not in the cache, and its server does not give it either. */
export function notAtHand(url: string, what: string, cause: PosadaError | null): PosadaError {
  const why = cause === null ? 'this command does not use the network' : cause.message
  return new PosadaError('E_TRANSFER', `${what} is not in the cache and cannot be fetched: ${why}`, {
    value: shownUrl(url),
    hint: cause?.hint ?? 'run any other command of the project first',
    ...(cause === null ? {} : { cause }),
  })
}

/** E_NOT_LOCKED: the command only looks, and such a command asks no server that posada.lock does not name. */
export function notLocked(url: string, what: string): PosadaError {
  const shown = shownUrl(url)
  return new PosadaError(
    'E_NOT_LOCKED',
    `${what} is not in posada.lock, and this command only looks: ${shown}`,
    {
      value: shown,
      hint: 'posada box update fetches it and writes it to posada.lock; so does posada up',
    },
  )
}
