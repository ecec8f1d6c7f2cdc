import type { Place, PosadaError } from '../errors/index.ts'

/** What `--json` prints when a command fails; docs/json.md. Absent facts are null or empty. */
export interface ErrorDocument {
  error: ErrorBody
}

export interface ErrorBody {
  code: string
  message: string
  value: string | null
  place: Place | null
  hint: string | null
  details: readonly string[]
  machine: string | null
  problems: ErrorBody[]
}

export function errorDocument(error: PosadaError): ErrorDocument {
  return { error: body(error) }
}

function body(error: PosadaError): ErrorBody {
  return {
    code: error.code,
    message: error.message,
    value: error.value ?? null,
    place: error.place ?? null,
    hint: error.hint ?? null,
    details: error.details,
    machine: error.machine ?? null,
    problems: error.problems.map(body),
  }
}
