import { type ErrorCode, errorCodes, PosadaError } from '../../../src/errors/index.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'

/** What a machine's process is told on its standard input, as JSON, until the input's end. */
export interface VmmConfig {
  spec: MachineSpec
  /** Folder of the built files of threads. */
  entries: string
  /** Where unpacked kernels are kept; may be emptied at any time. */
  cacheDir: string
}

/** What it says on its standard output: one line of JSON, once. */
type Handshake =
  | { ready: true }
  | { error: { code: string; message: string; value?: string; hint?: string; details?: readonly string[] } }

export function encodeReady(): string {
  return encode({ ready: true })
}

/** A PosadaError crosses whole; anything else is a failure of the process itself. */
export function encodeFailure(error: unknown): string {
  if (!(error instanceof PosadaError)) {
    const message = error instanceof Error ? error.message : String(error)
    return encode({ error: { code: 'E_KVM_START', message } })
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

/** Null for a process that runs its machine, otherwise what went wrong. `line` may be cut short or empty. */
export function readHandshake(line: string): PosadaError | null {
  const said = parse(line)
  if (said !== null && 'ready' in said) return null
  if (said === null) return new PosadaError('E_KVM_START', 'the hypervisor ended before the machine ran')
  const { code, message, value, hint, details } = said.error
  return new PosadaError(isErrorCode(code) ? code : 'E_KVM_START', message, {
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
