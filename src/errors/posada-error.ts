import type { ErrorCode } from './codes.ts'

/** A place in a text file. Lines and columns count from 1, as editors do. */
export interface Place {
  file: string
  line: number
  column: number
  /** The line, without its line end; of a long line the part around `column`, `…` where it is cut. */
  text?: string
  /** The column of `text`'s first character; 1 when absent. Columns count UTF-16 units. */
  textStart?: number
  /** How many characters the caret underlines; 1 when absent. */
  length?: number
}

export interface PosadaErrorOptions {
  /** What the user gave that was wrong, as they wrote it. */
  value?: string
  place?: Place
  /** What to do about it: one sentence, or a command to run. */
  hint?: string
  /** Evidence, a line each: the end of a console, of a script's output. */
  details?: readonly string[]
  /** The single problems, when this error stands for several. */
  problems?: readonly PosadaError[]
  /** The machine concerned. */
  machine?: string
  cause?: unknown
}

/**
 * A failure that a user can cause or meet. Anything thrown that is not a PosadaError is a bug in
 * Posada and is shown as one. `code` is stable: scripts may test it; docs/errors.md lists them all.
 */
export class PosadaError extends Error {
  override readonly name = 'PosadaError'
  readonly code: ErrorCode
  readonly value: string | undefined
  readonly place: Place | undefined
  readonly hint: string | undefined
  readonly details: readonly string[]
  readonly problems: readonly PosadaError[]
  readonly machine: string | undefined

  constructor(code: ErrorCode, message: string, options: PosadaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.value = options.value
    this.place = options.place
    this.hint = options.hint
    this.details = options.details ?? []
    this.problems = options.problems ?? []
    this.machine = options.machine
  }
}

/** Whether `error` is a PosadaError, of one of the given codes where some are given. */
export function isPosadaError(error: unknown, ...codes: readonly ErrorCode[]): error is PosadaError {
  return error instanceof PosadaError && (codes.length === 0 || codes.includes(error.code))
}
