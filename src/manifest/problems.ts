import { type ErrorCode, PosadaError } from '../errors/index.ts'
import { placeOf, type Span } from './source/source.ts'

/** Something wrong in the manifest. */
export interface Problem {
  code: ErrorCode
  /** With what was expected and what was found. */
  message: string
  span: Span
  value?: string
  hint?: string
  /** The line may hold a secret and is not shown. */
  secret?: boolean
}

export type Report = (problem: Problem) => void

/** How many problems are shown; a hopeless file would otherwise fill the terminal. */
export const problemLimit = 100

/** Gathers problems from all files, each once: what stands under `defaults` is checked for every machine. */
export class Problems {
  readonly #found = new Map<string, Problem>()

  readonly report: Report = (problem) => {
    const { span, code, message } = problem
    const key = `${span.source.file}\0${span.start}\0${code}\0${message}`
    if (!this.#found.has(key)) this.#found.set(key, problem)
  }

  get any(): boolean {
    return this.#found.size > 0
  }

  /** The one error that stands for all, which are sorted by file (in the order given) and place. */
  toError(files: readonly string[]): PosadaError {
    const rank = (problem: Problem) => files.indexOf(problem.span.source.file)
    const sorted = [...this.#found.values()].sort((a, b) => rank(a) - rank(b) || a.span.start - b.span.start)
    const problems = sorted.slice(0, problemLimit).map(toError)
    const count = sorted.length === 1 ? 'a problem' : `${sorted.length} problems`
    const left = sorted.length - problems.length
    const where = [...new Set(sorted.map((problem) => problem.span.source.file))]
    return new PosadaError('E_MANIFEST_INVALID', `the manifest has ${count}`, {
      value: where.join(', '),
      problems,
      ...(left > 0 ? { details: [`${left} more problems are not shown`] } : {}),
    })
  }
}

function toError({ code, message, span, value, hint, secret }: Problem): PosadaError {
  const { file, line, column, ...shown } = placeOf(span)
  return new PosadaError(code, message, {
    place: secret === true ? { file, line, column } : { file, line, column, ...shown },
    ...(value === undefined ? {} : { value }),
    ...(hint === undefined ? {} : { hint }),
  })
}
