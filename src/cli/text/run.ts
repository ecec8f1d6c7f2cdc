import type { CellResult } from '../../app/index.ts'
import { formatDuration } from '../../lib/values/units.ts'
import {
  type ErrorBody,
  errorDocument,
  type JunitCase,
  junitReport,
  markdownTable,
  type Palette,
  renderTable,
} from '../../ui/index.ts'
import type { WrittenOutput } from '../run-output.ts'

type Result = CellResult<WrittenOutput>

/** What `run` prints with `--json`. */
export type RunDocument = CellDocument | { exitCode: number; cells: MatrixCellDocument[] }

interface CellDocument {
  exitCode: number
  signal: string | null
  artefacts: string[]
  ms: number
  attempts: number
  kept: string | null
  stdout?: string
  stderr?: string
  truncated?: boolean
}

interface MatrixCellDocument extends CellDocument {
  matrix: Record<string, string>
  error: ErrorBody | null
}

/** Of a matrix, with the exit code of its first cell that failed. */
export function runDocument(results: readonly Result[]): RunDocument {
  const [first] = results
  if (first !== undefined && first.cell.name === '') return cellDocument(first)
  return {
    exitCode: results.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
    cells: results.map((result) => ({
      matrix: result.cell.values,
      ...cellDocument(result),
      error: result.error === null ? null : errorDocument(result.error).error,
    })),
  }
}

function cellDocument({ exitCode, signal, artefacts, ms, attempts, kept, output }: Result): CellDocument {
  return { exitCode, signal, artefacts, ms, attempts, kept, ...output.document }
}

/** What became of the cells of a matrix, a line each. */
export function cellsText(results: readonly Result[], paint: Palette): string {
  const tried = results.some(({ attempts }) => attempts > 1)
  return renderTable(
    results,
    [
      {
        title: '',
        text: ({ exitCode }) => (exitCode === 0 ? 'ok' : 'fail'),
        paint: ({ exitCode }) => (exitCode === 0 ? paint.green : paint.red),
      },
      ...Object.keys(results[0]?.cell.values ?? {}).map((key) => ({
        title: key.toUpperCase(),
        text: ({ cell }: Result) => cell.values[key] ?? '',
      })),
      { title: 'EXIT', text: ({ exitCode }) => String(exitCode), align: 'right' as const },
      ...(tried ? [{ title: 'TRIED', text: (result: Result) => String(result.attempts) }] : []),
      { title: 'TIME', text: ({ ms }) => formatDuration(ms), align: 'right' as const },
      { title: '', text: whyOf },
    ],
    paint.dim,
  )
}

/** The report for `--junit`: a test case a cell. */
export function runJunit(results: readonly Result[], command: string): string {
  const cases = results.map(
    (result): JunitCase => ({
      name: result.cell.name === '' ? command : result.cell.name,
      ms: result.ms,
      failure:
        result.exitCode === 0
          ? null
          : { kind: result.error === null ? 'failure' : 'error', message: whyOf(result) },
      output: result.output.tail,
    }),
  )
  return junitReport(`posada run: ${command}`, cases)
}

/** The same as a table in Markdown, for a step summary. */
export function runSummary(results: readonly Result[], command: string): string {
  const keys = Object.keys(results[0]?.cell.values ?? {})
  const rows = results.map((result) => [
    result.exitCode === 0 ? 'ok' : 'fail',
    ...keys.map((key) => result.cell.values[key] ?? ''),
    String(result.exitCode),
    formatDuration(result.ms),
    result.attempts > 1 ? `${whyOf(result)} (attempt ${result.attempts})` : whyOf(result),
  ])
  return `${markdownTable([`posada run: ${command}`, ...keys, 'exit code', 'time', ''], rows)}\n`
}

/** Why a cell failed, in some words; empty where it did not. */
export function whyOf({ exitCode, signal, error }: Result): string {
  if (error !== null) return `${error.message} [${error.code}]`
  if (exitCode === 0) return ''
  return signal === null ? `exit code ${exitCode}` : `ended by ${signal}`
}
