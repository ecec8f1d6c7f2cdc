import type { Readable } from 'node:stream'
import {
  type ErrorCode,
  errorCodes,
  fromSystemError,
  isPosadaError,
  PosadaError,
} from '../../errors/index.ts'
import { asObject } from '../../lib/values/as-object.ts'
import { readMessage } from './lines.ts'

const texts = ['value', 'hint', 'machine'] as const

/** An error as it goes to the other end. What is neither coded nor the system's is told with its stack: a bug there. Pure. */
export function encodeError(thrown: unknown): object {
  const error = fromSystemError(thrown)
  if (error instanceof Error && 'syscall' in error && 'code' in error)
    return { errno: error.code, message: error.message }
  if (!isPosadaError(error)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { code: 'E_HOST_FAILED', message: 'Posada failed on the other host', details: stack.split('\n') }
  }
  const { code, message, value, hint, machine, details } = error
  return { code, message, value, hint, machine, details }
}

/** The same here. Pure. */
function decodeError(value: unknown): Error {
  const { code, errno, message, details, ...rest } = asObject(value)
  if (typeof errno === 'string')
    return Object.assign(new Error(String(message)), { code: errno, syscall: 'open' })
  const given = texts.flatMap((name) => (typeof rest[name] === 'string' ? [[name, rest[name]]] : []))
  const known = typeof code === 'string' && Object.hasOwn(errorCodes, code)
  return new PosadaError(known ? (code as ErrorCode) : 'E_HOST_FAILED', String(message).slice(0, 4096), {
    ...Object.fromEntries(given),
    ...(Array.isArray(details) ? { details: details.slice(0, 100).map(String) } : {}),
  })
}

/** What comes back for a request: its result, or the error that it failed of. E_HOST_LOST where neither came. */
export async function readAnswer(stream: Readable): Promise<unknown> {
  const answer = await readMessage(stream)
  if (answer === null)
    throw new PosadaError('E_HOST_LOST', 'the connection to the other host ended before the answer')
  if (answer.error !== undefined) throw decodeError(answer.error)
  return answer.result
}
