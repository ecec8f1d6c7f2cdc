import { PosadaError } from '../../../src/errors/index.ts'
import { LineDecoder } from '../../../src/lib/text/line-decoder.ts'
import { asObject, isObject } from '../../../src/lib/values/as-object.ts'

/** A line longer than this is not QMP; the longest answer that we ask for has some 20 KiB. */
export const maxLine = 1024 * 1024

/** What QEMU sends. Source: docs/interop/qmp-spec.txt of QEMU, section 2. */
export type QmpMessage =
  | { kind: 'greeting'; version: string }
  | { kind: 'return'; id: number | null; value: unknown }
  | { kind: 'error'; id: number | null; class: string; description: string }
  | { kind: 'event'; event: QmpEvent }

export interface QmpEvent {
  name: string
  data: Record<string, unknown>
}

/** What QEMU sends, in lines. `push` throws E_QMP for a line without end. */
export function qmpLines(): LineDecoder {
  return new LineDecoder(maxLine, (start) => malformed('an endless line', start))
}

export function encodeCommand(id: number, execute: string, args?: Record<string, unknown>): string {
  return `${JSON.stringify(args === undefined ? { execute, id } : { execute, arguments: args, id })}\n`
}

/** @throws PosadaError E_QMP for what is not QMP */
export function parseQmpLine(line: string): QmpMessage {
  const message = parseObject(line)
  const id = typeof message.id === 'number' ? message.id : null
  if ('return' in message) return { kind: 'return', id, value: message.return }
  if (typeof message.event === 'string') {
    return { kind: 'event', event: { name: message.event, data: asObject(message.data) } }
  }
  if ('error' in message) {
    const error = asObject(message.error)
    return { kind: 'error', id, class: String(error.class), description: String(error.desc).slice(0, 2000) }
  }
  if ('QMP' in message) return { kind: 'greeting', version: greetingVersion(message.QMP) }
  throw malformed('a message of an unknown kind', line)
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (isObject(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw malformed('something that is not a JSON object', line)
}

function greetingVersion(greeting: unknown): string {
  const { major, minor, micro } = asObject(asObject(asObject(greeting).version).qemu)
  return `${major}.${minor}.${micro}`
}

function malformed(what: string, line: string): PosadaError {
  return new PosadaError('E_QMP', `QEMU's control socket sent ${what}`, {
    value: line.slice(0, 200),
    hint: 'stop the machine with posada halt --force',
  })
}
