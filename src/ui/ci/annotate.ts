import { isAbsolute, relative } from 'node:path'
import type { PosadaError } from '../../errors/index.ts'
import { ciMarks } from './marks.ts'

/** Lines that have a CI service show an error, and each of its problems, beside the log; empty where none does. */
export function annotateError(error: PosadaError, env: NodeJS.ProcessEnv): string {
  const marks = ciMarks(env)
  const shown = error.problems.length === 0 ? [error] : error.problems
  if (marks === null || marks.annotation === null) return ''
  const { annotation } = marks
  return shown.map((one) => annotation('error', noteOf(one, env.GITHUB_WORKSPACE))).join('')
}

/** The same for a command that failed in its machine. */
export function annotateFailure(message: string, env: NodeJS.ProcessEnv): string {
  return ciMarks(env)?.annotation?.('error', { title: 'posada run', message }) ?? ''
}

function noteOf({ code, message, hint, place }: PosadaError, root: string | undefined) {
  const text = hint === undefined ? message : `${message}\n${hint}`
  const file = place === undefined ? null : within(place.file, root)
  const where = place === undefined || file === null ? {} : { file, line: place.line, column: place.column }
  return { title: `posada ${code}`, message: text, ...where }
}

/** Null for a file outside the repository. */
function within(file: string, root: string | undefined): string | null {
  const path = root === undefined ? file : relative(root, file)
  return path.startsWith('..') || (root !== undefined && isAbsolute(path)) ? null : path
}
