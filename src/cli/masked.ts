import { PosadaError, type PosadaErrorOptions } from '../errors/index.ts'
import type { Emit } from '../events/index.ts'
import { maskedText } from '../lib/text/masking.ts'

/** Tells events with `***` in place of secret values, in what people read of them. */
export function maskedEmit(emit: Emit, secrets: readonly string[]): Emit {
  const hide = (text: string) => maskedText(text, secrets)
  return (event) => {
    if (event.type === 'output') return emit({ ...event, text: hide(event.text) })
    if (event.type === 'section') return emit({ ...event, title: hide(event.title) })
    if (event.type === 'machines') return emit(event)
    if (event.type !== 'notice' || event.hint === undefined)
      return emit({ ...event, message: hide(event.message) })
    emit({ ...event, message: hide(event.message), hint: hide(event.hint) })
  }
}

/** The same error without them. */
export function maskedError(error: PosadaError, secrets: readonly string[]): PosadaError {
  if (secrets.length === 0) return error
  const hide = (text: string) => maskedText(text, secrets)
  const { code, message, value, hint, place, machine } = error
  const options: PosadaErrorOptions = {
    details: error.details.map(hide),
    problems: error.problems.map((problem) => maskedError(problem, secrets)),
  }
  if (value !== undefined) options.value = hide(value)
  if (hint !== undefined) options.hint = hide(hint)
  if (machine !== undefined) options.machine = machine
  if (place !== undefined)
    options.place = place.text === undefined ? place : { ...place, text: hide(place.text) }
  const told = new PosadaError(code, hide(message), options)
  told.stack = hide(error.stack ?? '')
  return told
}
