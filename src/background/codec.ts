import { PosadaError } from '../errors/index.ts'
import { LineDecoder } from '../lib/text/line-decoder.ts'
import { asObject } from '../lib/values/as-object.ts'

/**
 * The language of control sockets: a JSON object a line, both ways. The process greets with `{"posada": 1}`;
 * a client sends `{"execute": name, "arguments": {…}, "id": n}` and gets `{"return": value, "id": n}` or
 * `{"error": {"code", "message"}, "id": n}`, in order.
 */
const controlVersion = 1

/** A line longer than this is none of ours. */
export const maxLine = 4 * 1024 * 1024

export interface Request {
  id: number
  execute: string
  /** Empty where none were sent. */
  arguments: Record<string, unknown>
}

export type Reply =
  | { kind: 'greeting'; version: number }
  | { kind: 'return'; id: number; value: unknown }
  | { kind: 'error'; id: number; code: string; message: string }

/** What comes over a control socket, in lines. `push` throws E_CONTROL for a line without end. */
export function controlLines(): LineDecoder {
  return new LineDecoder(
    maxLine,
    () =>
      new PosadaError('E_CONTROL', `a line of more than ${maxLine} characters came over the control socket`),
  )
}

/** @throws PosadaError E_CONTROL */
export function parseRequest(line: string): Request {
  const { id, execute, arguments: given } = parseObject(line)
  if (typeof id !== 'number' || typeof execute !== 'string') throw malformed(line)
  return { id, execute, arguments: asObject(given) }
}

/** @throws PosadaError E_CONTROL */
export function parseReply(line: string): Reply {
  const object = parseObject(line)
  if (typeof object.posada === 'number') return { kind: 'greeting', version: object.posada }
  if (typeof object.id !== 'number') throw malformed(line)
  if ('return' in object) return { kind: 'return', id: object.id, value: object.return }
  const { code, message } = asObject(object.error)
  if (typeof code !== 'string' || typeof message !== 'string') throw malformed(line)
  return { kind: 'error', id: object.id, code, message: message.slice(0, 2000) }
}

export const encodeGreeting = () => line({ posada: controlVersion })
export const encodeRequest = (id: number, execute: string, given: Record<string, unknown> = {}) =>
  line({ execute, arguments: given, id })
export const encodeReturn = (id: number, value: unknown) => line({ return: value, id })
export const encodeError = (id: number, code: string, message: string) =>
  line({ error: { code, message }, id })

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(text)
    throw error
  }
}

function malformed(text: string): PosadaError {
  return new PosadaError('E_CONTROL', 'unexpected data on the control socket', {
    value: text.slice(0, 200),
  })
}
