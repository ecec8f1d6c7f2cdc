import { PosadaError } from '../errors/index.ts'

/** Failures that may be gone when it is tried again, with the milliseconds that the server asks to wait. */
const transient = new WeakMap<PosadaError, number>()

/** Marks a failure as one that may pass. `wait`: milliseconds that the server asked for. */
export function mayPass(error: PosadaError, wait = 0): PosadaError {
  transient.set(error, wait)
  return error
}

/** Milliseconds to wait at least before it is tried again; null where that is of no use. */
export function waitAfter(error: unknown): number | null {
  return error instanceof PosadaError ? (transient.get(error) ?? null) : null
}

/** What went wrong on the way to `host`, in words. Bugs come back as they are. */
export function connectionFailure(
  error: unknown,
  { host, proxy = null }: { host: string; proxy?: string | null },
): unknown {
  if (!(error instanceof Error) || error instanceof PosadaError) return error
  const code = codeOf(error)
  if (code === null) return error
  const known = code in reasons ? reasons[code] : undefined
  if (known === undefined && !isNetwork(code)) return error
  const { why, hint, once } = known ?? { why: error.message }
  const by = proxy === null ? '' : ` (through the proxy ${proxy})`
  const failure = new PosadaError('E_TRANSFER', `${host}: ${why}${by}`, {
    value: host,
    hint:
      hint ?? 'check the network and the proxy settings (HTTPS_PROXY, NO_PROXY), then run the command again',
    cause: error,
  })
  return once === true ? failure : mayPass(failure)
}

interface Reason {
  why: string
  hint?: string
  /** Trying again does not help. */
  once?: boolean
}

const certificates =
  'if a company proxy uses its own certificate, name its file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS'
const reasons: Record<string, Reason> = {
  ENOTFOUND: { why: 'host not found', once: true },
  EAI_AGAIN: { why: 'its name could not be resolved' },
  ECONNREFUSED: { why: 'connection refused' },
  ECONNRESET: { why: 'the connection was reset' },
  EPIPE: { why: 'the connection was reset' },
  EHOSTUNREACH: { why: 'no route to host' },
  ENETUNREACH: { why: 'no route to host' },
  ETIMEDOUT: { why: 'connection timed out' },
  CONNECT_TIMEOUT: { why: 'connection timed out' },
  ANSWER_TIMEOUT: { why: 'it accepted the request but did not answer in time' },
  BODY_TIMEOUT: { why: 'it stopped sending' },
  HPE_HEADER_OVERFLOW: { why: 'its answer has too long a header', once: true },
  DEPTH_ZERO_SELF_SIGNED_CERT: { why: 'its certificate is self-signed', hint: certificates, once: true },
  SELF_SIGNED_CERT_IN_CHAIN: {
    why: 'its certificate is signed by an unknown authority',
    hint: certificates,
    once: true,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    why: 'its certificate is signed by an unknown authority',
    hint: certificates,
    once: true,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    why: 'its certificate is signed by an unknown authority',
    hint: certificates,
    once: true,
  },
  CERT_HAS_EXPIRED: {
    why: 'its certificate has expired',
    hint: 'check this computer’s clock',
    once: true,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: { why: 'its certificate is for another host', once: true },
}

function isNetwork(code: string): boolean {
  return /^(HPE_|ERR_SSL_|ERR_TLS_|CERT_|EPROTO|ENET|EHOST|ECONN)/.test(code)
}

/** Of the error, or of what caused it. */
function codeOf(error: Error): string | null {
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if ('code' in each && typeof each.code === 'string') return each.code
  return null
}
