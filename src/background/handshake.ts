import { type ErrorCode, errorCodes, PosadaError } from '../errors/index.ts'

/** What a background process says on its standard output: one line of JSON, once. */
type Handshake =
  | { ready: true }
  | { error: { code: string; message: string; value?: string; hint?: string; details?: readonly string[] } }

export function encodeReady(): string {
  return encode({ ready: true })
}

/** A PosadaError crosses whole; anything else is a failure of the process itself, which has no code. */
export function encodeFailure(error: unknown): string {
  if (!(error instanceof PosadaError)) {
    const message = error instanceof Error ? error.message : String(error)
    return encode({ error: { code: '', message } })
  }
  const { code, message, value, hint, details } = error
  return encode({
    error: {
      code,
      message,
      details,
      ...(value === undefined ? {} : { value }),
      ...(hint === undefined ? {} : { hint }),
    },
  })
}

/**
 * Null for a process that is ready, otherwise what went wrong, with `code` where it has none of its own.
 * `line` may be cut short or empty; `what` is the process, for the message.
 */
export function readHandshake(
  line: string,
  { what, code }: { what: string; code: ErrorCode },
): PosadaError | null {
  const said = parse(line)
  if (said !== null && 'ready' in said) return null
  if (said === null) return new PosadaError(code, `${what} ended before it was ready`)
  const { message, value, hint, details } = said.error
  return new PosadaError(isErrorCode(said.error.code) ? said.error.code : code, message, {
    ...(value === undefined ? {} : { value }),
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  })
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}

function encode(said: Handshake): string {
  return `${JSON.stringify(said)}\n`
}

function parse(line: string): Handshake | null {
  try {
    return JSON.parse(line) as Handshake
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
