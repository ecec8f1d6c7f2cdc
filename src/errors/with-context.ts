import { type Place, PosadaError, type PosadaErrorOptions } from './posada-error.ts'
import { fromSystemError } from './system-error.ts'

/**
 * The error with the machine and the place that it concerns, where it does not name them itself: a
 * part that knows neither leaves that to its caller. System errors get their coded form first; a bug
 * stays as it is.
 */
export function withContext(error: unknown, context: { machine?: string; place?: Place }): unknown {
  const coded = fromSystemError(error)
  if (!(coded instanceof PosadaError)) return coded
  const machine = coded.machine ?? context.machine
  const place = coded.place ?? context.place
  if (machine === coded.machine && place === coded.place) return coded
  const { code, message, value, hint, details, problems, cause } = coded
  const options: PosadaErrorOptions = { details, problems, cause }
  if (value !== undefined) options.value = value
  if (hint !== undefined) options.hint = hint
  if (machine !== undefined) options.machine = machine
  if (place !== undefined) options.place = place
  const told = new PosadaError(code, message, options)
  if (coded.stack !== undefined) told.stack = coded.stack
  return told
}
